package visit

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The national identifiers of a person: INS-NIR, INS-NIA, and those for tests.
const (
	insNIR = "1.2.250.1.213.1.4.8"
	insNIA = "1.2.250.1.213.1.4.9"
)

var insSystems = []string{insNIR, insNIA, "1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.11"}

// IsINS reports whether a system ("urn:oid:…") is one of the national identifiers of a person.
func IsINS(system string) bool {
	oid, is := strings.CutPrefix(system, "urn:oid:")
	return is && slices.Contains(insSystems, oid)
}

// cx is an identifier as HL7 v2 and the national exchanges write it: NUMBER^^^&OID&ISO^NH.
var cx = regexp.MustCompile(`^([0-9AB]{13,15})\^\^\^(?:[^&^]*)&([0-9.]{5,60})&ISO\^NH$`)

// INS reads what was typed or scanned as the national identifier of a person, "system|value", or says what is wrong with
// it: "empty", "short" (the key is missing), "key", "unknown". Spaces and dots between digits mean nothing. Only what is
// certain is read: of a code whose layout is not known no part is taken for a number.
func INS(text string) (identifier, wrong string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", "empty"
	}
	if system, value, is := strings.Cut(text, "|"); is {
		return insOf(strings.TrimPrefix(system, "urn:oid:"), value)
	}
	if m := cx.FindStringSubmatch(strings.ToUpper(text)); m != nil {
		return insOf(m[2], m[1])
	}
	return insOf(insNIR, text)
}

func insOf(oid, value string) (identifier, wrong string) {
	if !slices.Contains(insSystems, oid) {
		return "", "unknown"
	}
	number := strings.ToUpper(strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", ".", "", "-", "").Replace(value))
	if !insForm.MatchString(number) {
		return "", "unknown"
	}
	if len(number) == 13 {
		return "", "short"
	}
	if !keyHolds(number) {
		return "", "key"
	}
	return "urn:oid:" + oid + "|" + number, ""
}

// insForm is a number of 13 characters, with its key of two digits or without. Corsica has 2A and 2B for a department.
var insForm = regexp.MustCompile(`^[0-9]{5}(?:[0-9]{2}|2[AB])[0-9]{6}(?:[0-9]{2})?$`)

// keyHolds checks the key of a number: 97 less the remainder by 97, 2A and 2B counting as 19 and 18.
func keyHolds(number string) bool {
	department := strings.NewReplacer("2A", "19", "2B", "18").Replace(number[5:7])
	body, err := strconv.ParseInt(number[:5]+department+number[7:13], 10, 64)
	if err != nil {
		return false
	}
	key, err := strconv.ParseInt(number[13:], 10, 64)
	return err == nil && key == 97-body%97
}
