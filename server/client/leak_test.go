package client

import (
	"testing"

	"nigh/server/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }
