// Package manifest is what an app says of itself: one JSON document, read strictly, checked by a published JSON Schema and by
// rules that no schema can say, with the place of each finding.
//
//	bytes ──Lint──▶ findings (line, column, path, text in both languages)
//	      ──Parse─▶ Manifest ──Scopes──▶ SMART v2 scopes, derived from the data needs
//	      ──Digest▶ what a label is about
//
// What the categories, purposes and banned publishers are is read from the policies' own tables: a manifest cannot name what
// no policy knows. Whether an app gets a label, and what it may do under one, is decided elsewhere.
package manifest
