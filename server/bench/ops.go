package bench

type opsLoad struct{}
type opsFigures struct{}

func (c *crowd) sendOps(crowdOrder) error { return nil }
