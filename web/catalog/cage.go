package catalog

import "context"

// Cage is how this server holds the apps that run inside.
type Cage struct {
	Least   string // level below which nothing starts here, such as "S3"
	Reached string // level that the machine gives, found out by doing it
	Lowered string // why the operator lets less than S3 do, in the operator's words; "" where it is not so

	// Unready says why an app cannot be called here now, though its label stands: absent (its binary is not here), cage
	// (less isolation than it demands), rests (it failed too often a moment ago); "" when it can be.
	Unready func(ctx context.Context, app string) (string, error)
}
