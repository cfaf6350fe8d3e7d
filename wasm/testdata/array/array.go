// Package array has what law_notjs_test.go looks for.
package array

type row struct{ cells [4]string }

// Held reads what local arrays hold.
func Held(i int, s string) (string, int) {
	var four [4]*string
	four[i%4] = &s
	var r row
	r.cells[i%4] = s
	var numbers [4]int
	numbers[i%4] = i
	return *four[i%4] + r.cells[i%4], numbers[i%4]
}
