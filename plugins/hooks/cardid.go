package hooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// The id of a card is a UUID of version 8 (RFC 9562 §5.8) that says by itself that it was given here, for which service and on
// which day: nothing of the cards has to be kept to count what became of them. A call that is sent again within the day, with its
// hookInstance, gets its cards under the same ids.
//
//	bytes 0–1  day, since epoch
//	bytes 2–7  what tells cards apart: a MAC of service, person, hookInstance and place (44 bits; 4 are the version)
//	bytes 8–15 a MAC of the service and the bytes before (62 bits; 2 are the variant)

// epoch is the day that the ids of cards count from.
var epoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

func (f *Front) cardID(service, person, instance string, place int) string {
	var b [16]byte
	binary.BigEndian.PutUint16(b[:2], uint16(f.c.Now().Sub(epoch)/(24*time.Hour)))
	copy(b[2:8], f.mac("card", service, person, strings.ToLower(instance), strconv.Itoa(place)))
	b[6] = b[6]&0x0f | 0x80
	f.seal(service, &b)
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// seal writes the second half of an id.
func (f *Front) seal(service string, b *[16]byte) {
	copy(b[8:], f.mac("seal", service, string(b[:8])))
	b[8] = b[8]&0x3f | 0x80
}

// issued reports whether an id is of a card of this service, and the day that it was given.
func (f *Front) issued(service, id string) (day time.Time, ok bool) {
	raw, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
	if err != nil || len(raw) != 16 || !uuid.MatchString(id) {
		return day, false
	}
	given := [16]byte(raw)
	made := given
	f.seal(service, &made)
	return epoch.AddDate(0, 0, int(binary.BigEndian.Uint16(raw[:2]))), hmac.Equal(given[:], made[:])
}

func (f *Front) mac(parts ...string) []byte {
	m := hmac.New(sha256.New, f.c.Key)
	for _, p := range parts {
		m.Write(binary.BigEndian.AppendUint32(nil, uint32(len(p))))
		m.Write([]byte(p))
	}
	return m.Sum(nil)
}
