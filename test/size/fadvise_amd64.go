package main

const fadvise = 221 // SYS_FADVISE64
