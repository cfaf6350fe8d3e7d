//go:build !js

package main

import (
	"go/ast"
	"go/types"
	"os"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// doc.go, Traps: such an array is not seen by the collector in js/wasm.
func TestLaw_NoLocalArrayHoldsPointers(t *testing.T) {
	found := pointerArrays(t, "nigh/wasm")
	for _, where := range found {
		t.Errorf("%s: a local array that holds pointers; make it a slice (doc.go, Traps)", where)
	}
	if planted := pointerArrays(t, "nigh/wasm/testdata/array"); len(planted) != 2 {
		t.Errorf("found %d of 2 planted arrays: %v", len(planted), planted)
	}
}

// pointerArrays returns where a package and what it imports of nigh declare local arrays that hold pointers.
func pointerArrays(t *testing.T, pkg string) (where []string) {
	t.Helper()
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports | packages.NeedDeps,
		Env:  append(os.Environ(), "GOOS=js", "GOARCH=wasm"),
	}, pkg)
	if err != nil {
		t.Fatal(err)
	}
	packages.Visit(loaded, nil, func(p *packages.Package) {
		if !strings.HasPrefix(p.PkgPath, "nigh/") {
			return
		}
		for _, err := range p.Errors {
			t.Fatalf("load %s: %v", p.PkgPath, err)
		}
		for _, f := range p.Syntax {
			ast.Inspect(f, func(n ast.Node) bool {
				id, ok := n.(*ast.Ident)
				if !ok {
					return true
				}
				v, ok := p.TypesInfo.Defs[id].(*types.Var)
				if ok && !v.IsField() && v.Parent() != p.Types.Scope() && arrayOfPointers(v.Type()) {
					where = append(where, p.Fset.Position(id.Pos()).String()+" "+id.Name)
				}
				return true
			})
		}
	})
	return where
}

// arrayOfPointers tells whether a variable of a type is an array with pointers, or has one inside.
func arrayOfPointers(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Array:
		return u.Len() > 1 && pointers(u.Elem())
	case *types.Struct:
		for i := range u.NumFields() {
			if arrayOfPointers(u.Field(i).Type()) {
				return true
			}
		}
	}
	return false
}

func pointers(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Info()&types.IsString != 0 || u.Kind() == types.UnsafePointer
	case *types.Array:
		return u.Len() > 0 && pointers(u.Elem())
	case *types.Struct:
		for i := range u.NumFields() {
			if pointers(u.Field(i).Type()) {
				return true
			}
		}
		return false
	}
	return true
}
