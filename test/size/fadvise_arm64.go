package main

const fadvise = 223 // SYS_FADVISE64
