package cases_test

const childFolder = "PONTLEVIS_CASES_CHILD"

func openForEver(string) {}
