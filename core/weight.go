package core

import "math/bits"

// Weight is an item's weight for one feature on a logarithmic scale: 0 is none, code c > 0 stands for
// 2^((c-1)/16 - 12) of One, so 1 is 1/4096, 193 is 1 and 255 is 14.7. Rounding costs at most 2.2 % and a unit of 1/65536.
type Weight uint8

// One is the value of a weight of 1.0: a source item that makes this one certain, a perfect match of a text.
const One = 1 << 16

// WeightOne is the code whose value is One.
const WeightOne Weight = 193

// Value is the weight on a linear scale, in units of 1/65536 (One).
func (w Weight) Value() int32 { return weightValue[w] }

// QuantizeWeight returns the code nearest to v (in units of One, linear); what is below half of the smallest is 0,
// what is above the largest is the largest.
func QuantizeWeight(v int64) Weight {
	if v >= int64(weightValue[255]) {
		return 255
	}
	lo, hi := 0, 1
	if v >= 16 { // code 1 is 16, and each octave of v has 16 codes
		lo = 16*(bits.Len64(uint64(v))-5) + 1
		hi = min(lo+16, 255)
	}
	for lo < hi { // the smallest code whose value is >= v
		m := (lo + hi) / 2
		if int64(weightValue[m]) >= v {
			hi = m
		} else {
			lo = m + 1
		}
	}
	if lo > 0 && v-int64(weightValue[lo-1]) < int64(weightValue[lo])-v {
		lo--
	}
	return Weight(lo)
}

// octave holds 2^(i/16) in units of 1/65536, rounded: the only numbers of the scale, so that every machine has the
// same. weight_test.go holds them against math.Exp2.
var octave = [16]uint32{
	65536, 68438, 71468, 74632, 77936, 81386, 84990, 88752,
	92682, 96785, 101070, 105545, 110218, 115098, 120194, 125515,
}

var weightValue = func() (t [256]int32) {
	for c := 1; c < 256; c++ {
		e := c - 1
		v := uint64(octave[e%16]) << 16 // One is 2^32 here
		v <<= uint(e / 16)
		t[c] = int32((v + 1<<27) >> 28) // 2^16 (One) · 2^-12, from 2^32
	}
	return t
}()
