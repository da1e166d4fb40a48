package reading

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/pontlevis/pontlevis/plugins/sdk"
)

// Refused reports whether an error of a read is a refusal, and no failure.
func Refused(err error) bool {
	var r *sdk.Refusal
	return errors.As(err, &r)
}

// Search gathers what a search finds, page after page, into one searchset. When a limit of the invocation ends it, what was
// gathered is given, with a link to a next page as in any Bundle that is not the last.
func Search(ctx context.Context, call *sdk.Call, query string) ([]byte, error) {
	type entry struct {
		Resource json.RawMessage `json:"resource"`
	}
	all, links := []entry{}, []map[string]string{}
	for r, err := range call.Search(ctx, query) {
		var no *sdk.Refusal
		if errors.As(err, &no) && no.Status == 429 && len(all) > 0 {
			links = append(links, map[string]string{"relation": "next", "url": query})
			break
		}
		if err != nil {
			return nil, err
		}
		all = append(all, entry{r.JSON()})
	}
	return json.Marshal(map[string]any{"resourceType": "Bundle", "type": "searchset", "link": links, "entry": all})
}
