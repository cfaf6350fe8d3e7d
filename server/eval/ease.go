package eval

import (
	"context"
	"errors"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"

	"nigh/core"
)

// easeLambda is the regularisation of EVAL.md's figure.
const easeLambda = 100

// ease is Steck's linear autoencoder ("Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019): with P the
// inverse of XᵀX + λI, the weight from item i to item j is -P[i,j]/P[j,j], and 0 from an item to itself.
//
// Everything happens in one n×n matrix, of which the upper triangle is used: 8·n² bytes and about n³ operations.
type ease struct {
	n      int
	lambda float64
	p      []float64 // row-major; item of number m is row m-1
	board  board
}

func newEASE(items int, lambda float64) *ease {
	return &ease{n: items, lambda: lambda, board: newBoard(items)}
}

func (z *ease) Name() string { return "ease" }

func (z *ease) Learn(e *Event, past []core.ItemNum) {
	if z.p == nil {
		z.p = make([]float64, z.n*z.n)
	}
	seen := map[core.ItemNum]bool{}
	for _, n := range past {
		if n == e.Item {
			return
		}
		seen[n] = true
	}
	j := int(e.Item) - 1
	z.p[j*z.n+j]++
	for n := range seen {
		i := int(n) - 1
		z.p[min(i, j)*z.n+max(i, j)]++
	}
}

func (z *ease) Fit(ctx context.Context) error {
	if z.p == nil {
		return nil
	}
	for i := range z.n {
		z.p[i*z.n+i] += z.lambda
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	a := blas64.Symmetric{Uplo: blas.Upper, N: z.n, Stride: z.n, Data: z.p}
	t, ok := lapack64.Potrf(a)
	if !ok {
		return errors.New("fit EASE: the matrix is not positive definite; this cannot be with λ above 0, report it as a fault of nigh")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, ok := lapack64.Potri(t); !ok {
		return errors.New("fit EASE: the matrix cannot be inverted; this cannot be with λ above 0, report it as a fault of nigh")
	}
	return nil
}

func (z *ease) Rank(past []core.ItemNum, drop func(core.ItemNum) bool, k int) []core.ItemNum {
	if z.p == nil {
		return nil
	}
	seen := map[core.ItemNum]bool{}
	for _, n := range past {
		if seen[n] {
			continue
		}
		seen[n] = true
		i := int(n) - 1
		for j := range z.n {
			if i == j {
				continue
			}
			if w := z.p[min(i, j)*z.n+max(i, j)]; w != 0 {
				z.board.add(core.ItemNum(j+1), -w/z.p[j*z.n+j])
			}
		}
	}
	return z.board.best(drop, k)
}
