package bench

type stormNews struct{}
type storm struct{}

func (c *crowd) connectReal(crowdOrder) error { return nil }
func (c *crowd) cutReal()                     {}
