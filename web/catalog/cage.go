package catalog

// Cage is how this server holds the apps that run inside.
type Cage struct {
	Least   string // level below which nothing starts here, such as "S3"
	Reached string // level that the machine gives, found out by doing it
	Lowered string // why the operator lets less than S3 do, in the operator's words; "" where it is not so
}
