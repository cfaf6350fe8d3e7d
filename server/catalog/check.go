package catalog

import (
	"nigh/core"
	"nigh/server/store"
)

// CheckItem returns the *InputError that PutItems would refuse it with, or nil: for those who want to know before they
// write anything.
func CheckItem(it *store.Item) error { return checkItem(it) }

// CheckEvent returns the *InputError that RecordEvents would refuse e with under policy p, or nil, except that it does
// not know which items there are.
func CheckEvent(e *store.Event, p *core.Policy) error { return checkEvent(e, p) }
