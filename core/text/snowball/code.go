package snowball

// A program is a string: its tables, and then its code.
//
//	tables   byte n, then n times: byte entries, then for each: byte length, the ending, byte what it is found as
//	         byte n, then n times: two bytes of the lowest rune, byte length, a bit for each rune from the lowest on
//	code     instructions from the first byte after the tables, to which addresses are relative; Stem begins at 0
//
// The entries of a table are sorted as lookup wants them: by the low bits of the byte that is compared first, then the
// longest first.

// opcode is the first byte of an instruction. Operands follow it: r and q are registers (or constants, see register), a
// is an address of two bytes, t the number of a table, s a byte of length and a string.
type opcode byte

const (
	opTrue     opcode = iota // return true
	opFalse                  // return false
	opFalseIf                // return false if the flag is set
	opFalseNot               // return false if it is not
	opJump                   // a: go there
	opJumpIf                 // a: go there if the flag is set
	opJumpNot                // a: go there if it is not

	opMove // r q: r = q
	opBack // r q: r = limit - q
	opDec  // r: r--
	opHop  // r q: r = the index q characters after the cursor
	opHopB // r q: r = the index q characters before the cursor; -1 if there are not as many
	opNext // the cursor goes a character forward
	opPrev // the cursor goes a character back

	opSlice  // s: what lies between bra and ket becomes s
	opInsert // s: s comes in at the cursor
	opAmong  // r t: r = what the longest of the table's entries at the cursor is found as, 0 if none
	opAmongB // r t: the same before the cursor

	// These set the flag.
	opCall      // a: what the routine there returns
	opEq        // s: s is at the cursor, which goes behind it
	opEqB       // s: s is before the cursor, which goes before it
	opIn        // t: the character at the cursor is of the group; the cursor goes behind it
	opOut       // t: it is not of the group; the cursor goes behind it
	opInB       // t: opIn before the cursor
	opOutB      // t: opOut before the cursor
	opLess      // r q: r < q
	opLessEqual // r q: r <= q
	opEqual     // r q: r == q
)

// register is an operand: a variable of the routine below firstShared, one of the program from there on, one of the
// machine's own, or a constant.
type register byte

const (
	firstShared   register = 16
	regCursor     register = 24
	regLimit      register = 25
	regBackward   register = 26 // the limit of what goes backwards
	regBra        register = 27
	regKet        register = 28
	firstConstant register = 32
)
