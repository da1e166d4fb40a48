package record

// Limits bounds what a request may make the gate hold or compute. The zero value of a field means its default.
type Limits struct {
	Body       int64 // bytes of a request body; default 16 MiB
	Document   int64 // bytes of one document once decoded from base64; default 8 MiB
	URL        int   // bytes of path and query; default 8 KiB
	Header     int   // bytes of one request header that is read; default 4 KiB
	Parameters int   // search or control parameters of one request; default 100
	Entries    int   // entries of a transaction; default 100
	Operations int   // operations of a JSON Patch; default 100
	Copies     int   // copy operations of a JSON Patch, each of which may double what it copies; default 10
}

// withDefaults returns l with each unset bound at its default.
func (l Limits) withDefaults() Limits {
	def64 := func(v *int64, d int64) {
		if *v <= 0 {
			*v = d
		}
	}
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def64(&l.Body, 16<<20)
	def64(&l.Document, 8<<20)
	def(&l.URL, 8<<10)
	def(&l.Header, 4<<10)
	def(&l.Parameters, 100)
	def(&l.Entries, 100)
	def(&l.Operations, 100)
	def(&l.Copies, 10)
	return l
}
