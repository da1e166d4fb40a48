// Package record holds health records: it understands FHIR R4 interactions, keeps resources with their history, and
// searches among those that a decision lets through.
package record
