package snowball

import "unicode/utf8"

// MaxWordBytes is the length of the longest word that Stem looks at.
const MaxWordBytes = 48

// Stemmer is the program of one language. It is immutable: any number of goroutines may use it, each with a Machine.
type Stemmer struct {
	code   string
	tables []table
	groups []group
}

// table is a list of endings (or beginnings) of which the longest is looked for.
type table struct {
	entries []entry
	first   [65]uint8 // where the entries begin whose first compared byte ends in these six bits
	empty   int       // what is found if nothing else is
}

type entry struct {
	s  string
	is int
}

// group is a set of runes from lowest on.
type group struct {
	lowest rune
	bits   string
}

// New returns the stemmer of a language, given by its primary subtag ("de"), nil if there is none.
func New(language string) *Stemmer {
	for _, p := range programs {
		if p.language == language {
			return load(p.program)
		}
	}
	return nil
}

func load(p string) *Stemmer {
	s := &Stemmer{}
	n := int(p[0])
	p = p[1:]
	for range n {
		t := table{entries: make([]entry, 0, p[0])}
		entries := int(p[0])
		p = p[1:]
		for range entries {
			size := int(p[0])
			e := entry{p[1 : 1+size], int(int8(p[1+size]))}
			p = p[size+2:]
			if size == 0 {
				t.empty = e.is
				continue
			}
			t.entries = append(t.entries, e)
		}
		s.tables = append(s.tables, t)
	}
	n = int(p[0])
	p = p[1:]
	for range n {
		size := int(p[2])
		s.groups = append(s.groups, group{rune(p[0]) | rune(p[1])<<8, p[3 : 3+size]})
		p = p[3+size:]
	}
	s.code = p
	s.index()
	return s
}

// index fills in where the entries of each table begin. The code says from which end a table is read.
func (s *Stemmer) index() {
	for i := 0; i < len(s.code); {
		op := opcode(s.code[i])
		if op == opAmong || op == opAmongB {
			t := &s.tables[s.code[i+2]]
			for _, e := range t.entries {
				k := e.s[0] & 63
				if op == opAmongB {
					k = e.s[len(e.s)-1] & 63
				}
				t.first[k+1]++
			}
			for k := range 64 {
				t.first[k+1] += t.first[k]
			}
		}
		i += s.size(i)
	}
}

// size is the length of the instruction at i.
func (s *Stemmer) size(i int) int {
	switch opcode(s.code[i]) {
	case opTrue, opFalse, opFalseIf, opFalseNot, opNext, opPrev:
		return 1
	case opDec, opIn, opOut, opInB, opOutB:
		return 2
	case opSlice, opInsert, opEq, opEqB:
		return 2 + int(s.code[i+1])
	}
	return 3
}

// maxDepth bounds how deep routines call one another; a test shows that none comes near.
const maxDepth = 8

// Machine is the working memory of Stem. Its zero value is ready.
type Machine struct {
	*Stemmer
	own [maxDepth][firstShared]int // the variables of the routines that run
	reg [firstConstant]int         // what they share; the first firstShared are not used
	buf [2 * MaxWordBytes]byte     // the word is buf[:reg[regLimit]]
}

// Stem returns the stem of a word, in lower case and composed (NFC); the word itself if it is longer than MaxWordBytes. It
// does not allocate if the stem is a beginning of the word, whose memory it shares then.
func (s *Stemmer) Stem(m *Machine, word string) string {
	if len(word) > MaxWordBytes {
		return word
	}
	m.Stemmer = s
	clear(m.reg[firstShared:])
	m.reg[regLimit], m.reg[regKet] = len(word), len(word)
	copy(m.buf[:], word)
	m.run(0, 0)
	n := m.reg[regLimit]
	if n <= len(word) && word[:n] == string(m.buf[:n]) {
		return word[:n]
	}
	return string(m.buf[:n])
}

// run runs the routine at pc, called depth deep, and returns what it returns. Invariant: a routine sets a variable of its
// own before it reads it, as Go made sure of in the library.
func (m *Machine) run(pc, depth int) bool {
	code, flag := m.code, false
	own := &m.own[depth%maxDepth]
	for {
		switch op := opcode(code[pc]); op {
		case opTrue:
			return true
		case opFalse:
			return false
		case opFalseIf:
			if flag {
				return false
			}
			pc++
		case opFalseNot:
			if !flag {
				return false
			}
			pc++
		case opJump:
			pc = int(code[pc+1]) | int(code[pc+2])<<8
		case opJumpIf:
			if flag {
				pc = int(code[pc+1]) | int(code[pc+2])<<8
			} else {
				pc += 3
			}
		case opJumpNot:
			if flag {
				pc += 3
			} else {
				pc = int(code[pc+1]) | int(code[pc+2])<<8
			}
		case opNext:
			m.reg[regCursor] = m.next(m.reg[regCursor])
			pc++
		case opPrev:
			m.reg[regCursor] = m.prev(m.reg[regCursor])
			pc++
		case opSlice, opInsert, opEq, opEqB:
			size := int(code[pc+1])
			arg := code[pc+2 : pc+2+size]
			pc += 2 + size
			switch op {
			case opSlice:
				m.replace(m.reg[regBra], m.reg[regKet], arg)
			case opInsert:
				m.insert(arg)
			case opEq:
				flag = m.equal(arg)
			default:
				flag = m.equalB(arg)
			}
		case opDec:
			r := register(code[pc+1])
			m.set(own, r, m.value(own, r)-1)
			pc += 2
		case opIn, opOut:
			flag = m.member(&m.groups[code[pc+1]], op == opIn)
			pc += 2
		case opInB, opOutB:
			flag = m.memberB(&m.groups[code[pc+1]], op == opInB)
			pc += 2
		case opCall:
			flag = m.run(int(code[pc+1])|int(code[pc+2])<<8, depth+1)
			pc += 3
		default:
			r, q := register(code[pc+1]), register(code[pc+2])
			pc += 3
			switch op {
			case opMove:
				m.set(own, r, m.value(own, q))
			case opBack:
				m.set(own, r, m.reg[regLimit]-m.value(own, q))
			case opHop:
				m.set(own, r, m.hop(m.value(own, q)))
			case opHopB:
				m.set(own, r, m.hopB(m.value(own, q)))
			case opAmong:
				m.set(own, r, m.among(&m.tables[q]))
			case opAmongB:
				m.set(own, r, m.amongB(&m.tables[q]))
			case opLess:
				flag = m.value(own, r) < m.value(own, q)
			case opLessEqual:
				flag = m.value(own, r) <= m.value(own, q)
			case opEqual:
				flag = m.value(own, r) == m.value(own, q)
			}
		}
	}
}

func (m *Machine) value(own *[firstShared]int, r register) int {
	switch {
	case r >= firstConstant:
		return int(r - firstConstant)
	case r < firstShared:
		return own[r]
	}
	return m.reg[r]
}

func (m *Machine) set(own *[firstShared]int, r register, v int) {
	if r < firstShared {
		own[r] = v
	} else {
		m.reg[r%firstConstant] = v
	}
}

// next is where the character after the one at i begins, prev where the one before begins.
func (m *Machine) next(i int) int {
	for i++; i < m.reg[regLimit] && !utf8.RuneStart(m.buf[i]); i++ {
	}
	return i
}

func (m *Machine) prev(i int) int {
	for i--; i > 0 && !utf8.RuneStart(m.buf[i]); i-- {
	}
	return i
}

func (m *Machine) hop(n int) int {
	i := m.reg[regCursor]
	for ; n > 0; n-- {
		i = m.next(i)
	}
	return i
}

func (m *Machine) hopB(n int) int {
	i := m.reg[regCursor]
	for ; n > 0 && i >= 0; n-- {
		i = m.prev(i)
	}
	return i
}

func (m *Machine) equal(s string) bool {
	c := m.reg[regCursor]
	if c+len(s) > m.reg[regLimit] || string(m.buf[c:c+len(s)]) != s {
		return false
	}
	m.reg[regCursor] = c + len(s)
	return true
}

func (m *Machine) equalB(s string) bool {
	c := m.reg[regCursor] - len(s)
	if c < m.reg[regBackward] || string(m.buf[c:c+len(s)]) != s {
		return false
	}
	m.reg[regCursor] = c
	return true
}

func (m *Machine) member(g *group, want bool) bool {
	c := m.reg[regCursor]
	if c >= m.reg[regLimit] {
		return false
	}
	r, size := utf8.DecodeRune(m.buf[c:m.reg[regLimit]])
	if g.has(r) != want {
		return false
	}
	m.reg[regCursor] = c + size
	return true
}

func (m *Machine) memberB(g *group, want bool) bool {
	c := m.reg[regCursor]
	if c <= m.reg[regBackward] {
		return false
	}
	r, size := utf8.DecodeLastRune(m.buf[:c])
	if g.has(r) != want {
		return false
	}
	m.reg[regCursor] = c - size
	return true
}

func (g *group) has(r rune) bool {
	i := int(r - g.lowest)
	return i >= 0 && i>>3 < len(g.bits) && g.bits[i>>3]>>(i&7)&1 != 0
}

func (m *Machine) among(t *table) int {
	c := m.reg[regCursor]
	if rest := m.buf[c:m.reg[regLimit]]; len(rest) > 0 {
		k := rest[0] & 63
		for _, e := range t.entries[t.first[k]:t.first[k+1]] {
			if len(e.s) <= len(rest) && string(rest[:len(e.s)]) == e.s {
				m.reg[regCursor] = c + len(e.s)
				return e.is
			}
		}
	}
	return t.empty
}

func (m *Machine) amongB(t *table) int {
	c := m.reg[regCursor]
	if rest := m.buf[m.reg[regBackward]:max(c, m.reg[regBackward])]; len(rest) > 0 {
		k := rest[len(rest)-1] & 63
		for _, e := range t.entries[t.first[k]:t.first[k+1]] {
			if len(e.s) <= len(rest) && string(rest[len(rest)-len(e.s):]) == e.s {
				m.reg[regCursor] = c - len(e.s)
				return e.is
			}
		}
	}
	return t.empty
}

// replace makes buf[bra:ket] s and moves the cursor with what it stands at. The buffer is twice the longest word, which no
// stemmer comes near; what would not fit is not done.
func (m *Machine) replace(bra, ket int, s string) int {
	by := len(s) - (ket - bra)
	limit := m.reg[regLimit]
	if ket < bra || limit+by > len(m.buf) {
		return 0
	}
	copy(m.buf[ket+by:limit+by], m.buf[ket:limit])
	copy(m.buf[bra:], s)
	m.reg[regLimit] = limit + by
	if c := m.reg[regCursor]; c >= ket {
		m.reg[regCursor] = c + by
	} else if c > bra {
		m.reg[regCursor] = bra
	}
	return by
}

func (m *Machine) insert(s string) {
	at := m.reg[regCursor]
	by := m.replace(at, at, s)
	if at <= m.reg[regBra] {
		m.reg[regBra] += by
	}
	if at <= m.reg[regKet] {
		m.reg[regKet] += by
	}
}
