//go:build !js

package snowball

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// assemble leaves out what cannot be reached and jumps to what follows, and writes tables and code.
func (t *translator) assemble() (string, error) {
	for i := range t.code { // jumps to jumps
		for n := 0; t.code[i].target != nil && t.code[i].op != opCall && n < 10; n++ {
			to := t.code[i].target.at
			if to >= len(t.code) || t.code[to].op != opJump {
				break
			}
			t.code[i].target = t.code[to].target
		}
	}
	reached := make([]bool, len(t.code))
	for todo := []int{0}; len(todo) > 0; {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for ; !reached[i]; i++ {
			reached[i] = true
			in := t.code[i]
			if in.target != nil {
				todo = append(todo, in.target.at)
			}
			if in.op == opJump || in.op == opTrue || in.op == opFalse {
				break
			}
		}
	}
	keep := reached
	for i := len(t.code) - 1; i >= 0; i-- {
		if t.code[i].op == opJump && keep[i] {
			next := i + 1
			for next < len(t.code) && !keep[next] {
				next++
			}
			to := t.code[i].target.at
			for to < len(t.code) && !keep[to] {
				to++
			}
			keep[i] = next != to
		}
	}
	address := make([]int, len(t.code)+1)
	for i, in := range t.code {
		size := 0
		if keep[i] {
			if size = 1 + len(in.args); in.target != nil {
				size = 3
			}
		}
		address[i+1] = address[i] + size
	}
	var b []byte
	b = append(b, byte(len(t.order)))
	for _, name := range t.order {
		entries := slices.Clone(t.tables[name])
		first := func(e entry) byte {
			switch {
			case e.s == "":
				return 0
			case t.backward[name]:
				return e.s[len(e.s)-1] & 63
			}
			return e.s[0] & 63
		}
		slices.SortFunc(entries, func(a, b entry) int {
			return cmp.Or(cmp.Compare(first(a), first(b)), cmp.Compare(len(b.s), len(a.s)), cmp.Compare(a.s, b.s))
		})
		if len(entries) > 255 {
			return "", fmt.Errorf("%s has %d entries, more than a byte counts", name, len(entries))
		}
		b = append(b, byte(len(entries)))
		for _, e := range entries {
			b = append(append(append(b, byte(len(e.s))), e.s...), byte(int8(e.is)))
		}
	}
	b = append(b, byte(len(t.groups)))
	for _, g := range t.groups {
		name, lowest, _ := strings.Cut(g, " ")
		n, _ := strconv.Atoi(lowest)
		b = append(append(b, byte(n), byte(n>>8), byte(len(t.bits[name]))), t.bits[name]...)
	}
	for i, in := range t.code {
		if !keep[i] {
			continue
		}
		b = append(append(b, byte(in.op)), in.args...)
		if in.target != nil {
			to := address[in.target.at]
			b = append(b, byte(to), byte(to>>8))
		}
	}
	return string(b), nil
}
