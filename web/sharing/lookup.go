package sharing

import (
	"net/url"
	"strings"
)

// maxFound bounds the list of professionals whom a name finds.
const maxFound = 20

// lookUp finds professionals of the directory by their number, or by the words of their name.
func (r *room) lookUp(asked string) (found []*Known, more bool, err error) {
	search := "Practitioner?_count=20"
	if id := professional(asked); strings.Contains(id, "|") {
		search += "&identifier=" + url.QueryEscape(id)
	} else {
		words := strings.Fields(asked)
		if len(words) > 5 {
			words = words[:5]
		}
		for _, word := range words {
			search += "&name=" + url.QueryEscape(strings.NewReplacer(`\`, `\\`, ",", `\,`, "|", `\|`, "$", `\$`).Replace(word))
		}
	}
	page, err := r.Search(r.grant, search)
	if err != nil {
		return nil, false, err
	}
	n := r.names()
	var ids []string
	for _, one := range page.Matches {
		ids = append(ids, "Practitioner/"+one.ID())
	}
	if err := n.learn(ids); err != nil {
		return nil, false, err
	}
	for _, id := range ids {
		found = append(found, n.of(id))
	}
	return found, page.Next != "", nil
}
