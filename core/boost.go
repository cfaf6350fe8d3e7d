package core

// Boost is how much the owner of the content raises (or lowers) an item in readers' lists: sixteenths of an octave, so
// that 16 doubles a score and -16 halves it; within ±MaxBoost. "More like this" is about likeness and looks at no boost.
type Boost int8

// MaxBoost is a factor of 8.
const MaxBoost Boost = 48

// lift returns a score as a boost leaves it: b octaves/16 up, whatever its sign, so a score below 0 comes nearer to 0.
// It rises with score and with b. Scores beyond ±2^45, which only hostile profiles reach, count as that.
func (b Boost) lift(score int64) int64 {
	if b == 0 {
		return score
	}
	if score < 0 {
		b = -b
	}
	e := uint(b + MaxBoost) // 2^(e/16 - 3), of which octave has the fraction in units of 2^-16
	return clamp(score, -1<<45, 1<<45) * int64(octave[e%16]) >> (19 - e/16)
}

// QuantizeBoost returns the boost nearest to a factor in units of One (linear), within ±MaxBoost. A factor of 0 or less
// is none, as One is.
func QuantizeBoost(factor int64) Boost {
	if factor <= 0 {
		return 0
	}
	best, far := Boost(0), abs(One-factor)
	for b := -MaxBoost; b <= MaxBoost; b++ {
		if d := abs(b.lift(One) - factor); d < far {
			best, far = b, d
		}
	}
	return best
}
