package store

import (
	"encoding/json"
	"fmt"
)

// GetJSON decodes the value of key into v. It returns false, and leaves v alone, when the key is absent; an error when
// the value is not JSON that fits v. Members that v does not know are ignored, so that an older program can read what a
// newer one wrote.
func GetJSON(tx Tx, key []byte, v any) (bool, error) {
	b := tx.Get(key)
	if b == nil {
		return false, nil
	}
	if err := json.Unmarshal(b, v); err != nil {
		return true, fmt.Errorf("store: decoding the value of %q: %w", key, err)
	}
	return true, nil
}

// PutJSON sets the value of key to v as JSON.
func PutJSON(tx Tx, key []byte, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("store: encoding the value of %q: %w", key, err)
	}
	return tx.Put(key, b)
}
