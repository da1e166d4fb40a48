package structure

// WellFormed is shown to the tests alone.
var WellFormed = wellFormed
