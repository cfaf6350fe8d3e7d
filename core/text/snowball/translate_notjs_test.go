//go:build !js

package snowball

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// This file translates what the Snowball compiler generated, a small part of Go, to the code that code.go describes. It
// knows the statements and conditions by their text and fails at every other.

// instruction is one of code that has no addresses yet.
type instruction struct {
	op     opcode
	args   []byte
	target *label // nil: none
}

// label is a place in the code: before the instruction of that index.
type label struct{ at int }

type translator struct {
	code     []instruction
	routines map[string]*label
	shared   map[string]register // variables of the program
	tables   map[string][]entry
	order    []string        // of tables, by number
	backward map[string]bool // tables that are looked up backwards
	bits     map[string][]byte
	groups   []string        // by number: name and lowest rune
	loops    map[string]loop // by their Go label
}

type loop struct{ start, end *label }

// translate returns the program of the stemmer in a file of the library.
func translate(file string) (string, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, filepath.FromSlash(file), nil, 0)
	if err != nil {
		return "", err
	}
	t := &translator{
		routines: map[string]*label{}, shared: map[string]register{}, tables: map[string][]entry{},
		backward: map[string]bool{}, bits: map[string][]byte{},
	}
	var stem *ast.FuncDecl
	var routines []*ast.FuncDecl
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.Name == "Stem" {
				stem = d
				continue
			}
			routines = append(routines, d)
			t.routines[d.Name.Name] = &label{}
		case *ast.GenDecl:
			if d.Tok == token.VAR {
				if err := t.table(d.Specs[0].(*ast.ValueSpec)); err != nil {
					return "", err
				}
			}
		}
	}
	t.routines["Stem"] = &label{}
	for _, d := range append([]*ast.FuncDecl{stem}, routines...) {
		t.place(t.routines[d.Name.Name])
		t.loops = map[string]loop{}
		if err := t.block(d.Body.List); err != nil {
			return "", fmt.Errorf("%s: %w", d.Name.Name, err)
		}
	}
	return t.assemble()
}

// table reads a list of endings (A_0) or a group (G_v).
func (t *translator) table(v *ast.ValueSpec) error {
	name := v.Names[0].Name
	for _, e := range v.Values[0].(*ast.CompositeLit).Elts {
		if strings.HasPrefix(name, "G_") {
			n, err := strconv.Atoi(source(e))
			if err != nil {
				return err
			}
			t.bits[name] = append(t.bits[name], byte(n))
			continue
		}
		part := regexp.MustCompile(`^\{Str: (".*"), A: -?\d+, B: (-?\d+), F: nil\}$`).FindStringSubmatch(source(e))
		if part == nil {
			return fmt.Errorf("%s: %s is no entry", name, source(e))
		}
		s, _ := strconv.Unquote(part[1])
		is, _ := strconv.Atoi(part[2])
		t.tables[name] = append(t.tables[name], entry{s, is})
	}
	return nil
}

func source(n ast.Node) string {
	var b bytes.Buffer
	if err := format.Node(&b, token.NewFileSet(), n); err != nil {
		panic(err)
	}
	return b.String()
}

func (t *translator) emit(op opcode, args ...byte) {
	t.code = append(t.code, instruction{op: op, args: args})
}

func (t *translator) jump(op opcode, to *label) {
	t.code = append(t.code, instruction{op: op, target: to})
}

func (t *translator) place(l *label) { l.at = len(t.code) }

func (t *translator) block(list []ast.Stmt) error {
	for i := 0; i < len(list); i++ {
		if i+1 < len(list) && source(list[i]) == "bra, ket := env.Cursor, env.Cursor" {
			s, ok := match(`env\.Insert\(bra, ket, (".*")\)`, source(list[i+1]))
			if !ok {
				return fmt.Errorf("%s is not known after %s", source(list[i+1]), source(list[i]))
			}
			t.emit(opInsert, quoted(s[0])...)
			i++
			continue
		}
		if err := t.statement(list[i]); err != nil {
			return err
		}
	}
	return nil
}

func (t *translator) statement(s ast.Stmt) error {
	switch s := s.(type) {
	case *ast.BlockStmt:
		return t.block(s.List)
	case *ast.LabeledStmt:
		l := loop{&label{}, &label{}}
		t.loops[s.Label.Name] = l
		t.place(l.start)
		var body []ast.Stmt
		switch f := s.Stmt.(type) {
		case *ast.ForStmt:
			if f.Cond != nil || f.Init != nil || f.Post != nil {
				return fmt.Errorf("a loop with a condition is not known")
			}
			body = f.Body.List
		case *ast.RangeStmt: // runs its body once, which always leaves by a jump
			body = f.Body.List
			if _, ok := body[len(body)-1].(*ast.BranchStmt); !ok {
				return fmt.Errorf("the body of %s does not end in a jump", s.Label.Name)
			}
		default:
			return fmt.Errorf("%s labels no loop", s.Label.Name)
		}
		if err := t.block(body); err != nil {
			return err
		}
		t.jump(opJump, l.start)
		t.place(l.end)
		return nil
	case *ast.BranchStmt:
		to, err := t.branch(s)
		t.jump(opJump, to)
		return err
	case *ast.ReturnStmt:
		if source(s) == "return true" {
			t.emit(opTrue)
		} else {
			t.emit(opFalse)
		}
		return nil
	case *ast.IfStmt:
		return t.when(s)
	}
	return t.simple(strings.TrimPrefix(source(s), "var "))
}

func (t *translator) branch(s *ast.BranchStmt) (*label, error) {
	if s.Label == nil {
		return nil, fmt.Errorf("%s without a label is not known", s.Tok)
	}
	l, ok := t.loops[s.Label.Name]
	if !ok {
		return nil, fmt.Errorf("%s is no loop around this", s.Label.Name)
	}
	if s.Tok == token.CONTINUE {
		return l.start, nil
	}
	return l.end, nil
}

// when translates an if. Jumps and returns that are its whole body need no jump around them.
func (t *translator) when(s *ast.IfStmt) error {
	cond := source(s.Cond)
	if x, ok := match(`!env\.(SliceDel\(\)|SliceFrom\((".*")\))`, cond); ok { // always true
		t.emit(opSlice, quoted(cmp.Or(x[1], `""`))...)
		return nil
	}
	if x, ok := match(`int32\((.*)\) > c \|\| c > int32\(env\.Limit\)`, cond); ok {
		body, after := &label{}, &label{}
		low, err := t.operand(x[0])
		if err != nil {
			return err
		}
		t.emit(opLess, 0, byte(low))
		t.jump(opJumpIf, body)
		t.emit(opLess, byte(regLimit), 0)
		t.jump(opJumpNot, after)
		t.place(body)
		err = t.block(s.Body.List)
		t.place(after)
		return err
	}
	want, err := t.condition(cond)
	if err != nil {
		return err
	}
	if len(s.Body.List) == 1 && s.Else == nil {
		switch b := s.Body.List[0].(type) {
		case *ast.BranchStmt:
			to, err := t.branch(b)
			t.jump(pick(want, opJumpIf, opJumpNot), to)
			return err
		case *ast.ReturnStmt:
			if source(b) == "return false" {
				t.emit(pick(want, opFalseIf, opFalseNot))
				return nil
			}
		}
	}
	otherwise, end := &label{}, &label{}
	t.jump(pick(want, opJumpNot, opJumpIf), otherwise)
	if err := t.block(s.Body.List); err != nil {
		return err
	}
	if s.Else != nil {
		t.jump(opJump, end)
	}
	t.place(otherwise)
	if s.Else != nil {
		if err := t.statement(s.Else); err != nil {
			return err
		}
	}
	t.place(end)
	return nil
}

func pick(want bool, yes, no opcode) opcode {
	if want {
		return yes
	}
	return no
}

// condition emits what sets the flag and returns which value of it makes the condition true.
func (t *translator) condition(c string) (want bool, err error) {
	want = true
	if rest, ok := strings.CutPrefix(c, "!"); ok {
		want, c = false, rest
		if x, ok := match(`\((.*)\)`, c); ok {
			c = x[0]
		}
	}
	if x, ok := match(`(r_\w+)\(env, context\)`, c); ok {
		t.jump(opCall, t.routines[x[0]])
		return want, nil
	}
	if x, ok := match(`env\.EqS(B?)\((".*")\)`, c); ok {
		t.emit(pick(x[0] == "B", opEqB, opEq), quoted(x[1])...)
		return want, nil
	}
	if x, ok := match(`env\.(In|Out)Grouping(B?)\((G_\w+), (\d+), \d+\)`, c); ok {
		op := map[string]opcode{"In": opIn, "Out": opOut, "InB": opInB, "OutB": opOutB}[x[0]+x[1]]
		name := x[2] + " " + x[3]
		if !slices.Contains(t.groups, name) {
			t.groups = append(t.groups, name)
		}
		t.emit(op, byte(slices.Index(t.groups, name)))
		return want, nil
	}
	if x, ok := match(`env\.FindAmong(B?)\((A_\d+), context\) == 0`, c); ok {
		t.among(1, x[1], x[0] == "B")
		t.emit(opEqual, 1, byte(firstConstant))
		return want, nil
	}
	if x, ok := match(`(context\.b_\w+)`, c); ok {
		r, err := t.operand(x[0])
		t.emit(opEqual, byte(r), byte(firstConstant)+1)
		return want, err
	}
	x, ok := match(`(\S+) (<|<=|>|>=|==|!=) (\S+)`, c)
	if !ok {
		return false, fmt.Errorf("the condition %s is not known", c)
	}
	a, err := t.operand(x[0])
	if err != nil {
		return false, err
	}
	b, err := t.operand(x[2])
	if err != nil {
		return false, err
	}
	if x[1][0] == '>' {
		a, b = b, a
	}
	op := map[string]opcode{"<": opLess, ">": opLess, "<=": opLessEqual, ">=": opLessEqual, "==": opEqual, "!=": opEqual}[x[1]]
	t.emit(op, byte(a), byte(b))
	return want == (x[1] != "!="), nil
}

func (t *translator) among(r register, name string, backward bool) {
	if was, ok := t.backward[name]; ok && was != backward {
		panic(name + " is looked up both ways")
	} else if !ok {
		t.backward[name] = backward
		t.order = append(t.order, name)
	}
	t.emit(pick(backward, opAmongB, opAmong), byte(r), byte(slices.Index(t.order, name)))
}

// simple translates a statement of one line.
func (t *translator) simple(s string) error {
	switch {
	case s == "env.NextChar()":
		t.emit(opNext)
		return nil
	case s == "env.PrevChar()":
		t.emit(opPrev)
		return nil
	case s == "_ = context", s == "context := ctx.(*Context)", s == "among_var int32", strings.HasPrefix(s, "context = &Context{"):
		return nil
	}
	if x, ok := match(`(\S+)--`, s); ok {
		r, err := t.operand(x[0])
		t.emit(opDec, byte(r))
		return err
	}
	x, ok := match(`(\S+) = (.*)`, s)
	if !ok {
		return fmt.Errorf("the statement %s is not known", s)
	}
	to, err := t.operand(x[0])
	if err != nil {
		return err
	}
	value := x[1]
	if x, ok := match(`env\.FindAmong(B?)\((A_\d+), context\)`, value); ok {
		t.among(to, x[1], x[0] == "B")
		return nil
	}
	if x, ok := match(`env\.ByteIndexForHop\((-?)\((\d+)\)\)`, value); ok {
		n, err := t.operand(x[1])
		t.emit(pick(x[0] == "-", opHopB, opHop), byte(to), byte(n))
		return err
	}
	if x, ok := match(`int\((\w+)\)`, value); ok {
		value = x[0]
	}
	op := opMove
	if rest, ok := strings.CutPrefix(value, "env.Limit - "); ok {
		op, value = opBack, rest
	}
	from, err := t.operand(value)
	t.emit(op, byte(to), byte(from))
	return err
}

// operand returns the register of a variable, or a constant.
func (t *translator) operand(s string) (register, error) {
	switch s {
	case "env.Cursor":
		return regCursor, nil
	case "env.Limit":
		return regLimit, nil
	case "env.LimitBackward":
		return regBackward, nil
	case "env.Bra":
		return regBra, nil
	case "env.Ket":
		return regKet, nil
	case "c":
		return 0, nil
	case "among_var":
		return 1, nil
	case "false":
		return firstConstant, nil
	case "true":
		return firstConstant + 1, nil
	}
	if x, ok := match(`v_(\d+)`, s); ok {
		n, _ := strconv.Atoi(x[0])
		if n+1 >= int(firstShared) {
			return 0, fmt.Errorf("%s is too many variables", s)
		}
		return register(n + 1), nil
	}
	if x, ok := match(`context\.(\w+)`, s); ok {
		if _, ok := t.shared[x[0]]; !ok {
			t.shared[x[0]] = firstShared + register(len(t.shared))
		}
		if t.shared[x[0]] >= regCursor {
			return 0, fmt.Errorf("%s is too many variables", s)
		}
		return t.shared[x[0]], nil
	}
	if n, err := strconv.Atoi(s); err == nil && n >= 0 && n+int(firstConstant) < 256 {
		return firstConstant + register(n), nil
	}
	return 0, fmt.Errorf("the operand %s is not known", s)
}

// match returns the parts of s if the pattern is all of it.
func match(pattern, s string) ([]string, bool) {
	x := regexp.MustCompile(`^(?:` + pattern + `)$`).FindStringSubmatch(s)
	if x == nil {
		return nil, false
	}
	return x[1:], true
}

// quoted is an operand s of a Go string.
func quoted(literal string) []byte {
	s, err := strconv.Unquote(literal)
	if err != nil {
		panic(err)
	}
	return append([]byte{byte(len(s))}, s...)
}
