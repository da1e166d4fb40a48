package main

// early is what a process may do before it is asked anything.
var early = map[string]func(){}
