// Package importer loads folders of FHIR resources into a record source.
//
//	folders, files ── walk ──► files in order (directory types first, then Patient, then by name)
//	                             │ lines: JSON or NDJSON, gzipped or not, one value in memory at a time
//	                             ▼
//	                      resources of a Bundle: ids given, links between them rewritten
//	                             │ conditional references looked up in the directory
//	                             ▼
//	                      batches by patient ──► Source.Write ──► checkpoint
//
// Importing again changes nothing: ids come from the files, and a resource that any stored version equals already is
// left alone, so that what people changed since stays changed. A killed import continues behind the last line written.
//
// A resource enters the record of the patient it names, or the directory if its type belongs there. One that names no
// patient is refused with a line of the report rather than stored for nobody: health data without a person who governs
// it could be neither shown, nor explained, nor erased. Definitions and the like are no part of a record and skipped.
//
// Deciding who may read what was imported is left to the gate; opening spaces for the patients found, to the caller.
package importer
