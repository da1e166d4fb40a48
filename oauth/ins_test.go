package oauth

import "testing"

// TestFormOfINS: the department of birth is two digits, 2A or 2B.
func TestFormOfINS(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]bool{
		"180027512345676": true, "185052A00407841": true, "185052B00407868": true,
		"18505A200407841": false, "18505AA00407841": false, "185051A00407841": false, "18002751234567": false, "1800275123456767": false,
	} {
		if insForm.MatchString(number) != want {
			t.Errorf("%s: %v", number, !want)
		}
	}
}
