//go:build linux

#include "textflag.h"

// The layout of one call in the child's list: number, six arguments, result, least result, required (program.go).
#define CALL_NR     0
#define CALL_RESULT 56
#define CALL_LEAST  64
#define CALL_MUST   72
#define CALL_SIZE   80

// func launch(nr, a, b, c, d, e uintptr, list *call, count uintptr) (result uintptr)
//
// The same as in launch_amd64.s.
TEXT ·launch(SB), NOSPLIT, $16-72
	MOVD $-1, R1
	MOVD R1, full-8(SP)
	MOVD $2, R0              // SIG_SETMASK
	MOVD $full-8(SP), R1
	MOVD $old-16(SP), R2
	MOVD $8, R3
	MOVD $135, R8            // rt_sigprocmask
	SVC

	MOVD list+48(FP), R19
	MOVD count+56(FP), R20
	MOVD a+8(FP), R0
	MOVD b+16(FP), R1
	MOVD c+24(FP), R2
	MOVD d+32(FP), R3
	MOVD e+40(FP), R4
	MOVD nr+0(FP), R8
	SVC
	CBZ  R0, child

	MOVD R0, result+64(FP)
	MOVD $2, R0
	MOVD $old-16(SP), R1
	MOVD $0, R2
	MOVD $8, R3
	MOVD $135, R8
	SVC
	RET

child:
	CBZ  R20, done
	MOVD 8(R19), R0
	MOVD 16(R19), R1
	MOVD 24(R19), R2
	MOVD 32(R19), R3
	MOVD 40(R19), R4
	MOVD 48(R19), R5
	MOVD CALL_NR(R19), R8
	SVC
	MOVD R0, CALL_RESULT(R19)
	MOVD CALL_LEAST(R19), R6
	CMP  R6, R0
	BGE  next
	MOVD CALL_MUST(R19), R6
	CBNZ R6, done
next:
	ADD  $CALL_SIZE, R19
	SUB  $1, R20
	B    child
done:
	MOVD $111, R0
	MOVD $94, R8             // exit_group
	SVC
	B    done
