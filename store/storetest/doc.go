// Package storetest is the conformance suite of store.DB: what every engine must do, whatever it keeps its keys in.
//
// Run opens databases with the function it is given and closes them; one file of this package holds one theme. An
// engine's own tests add what is particular to it: how it survives a kill, who may open its file.
package storetest
