package wire

import (
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"nigh/core"
)

// all are the types of message, each empty and each with everything in it.
func all() []Message {
	return []Message{
		&Hello{}, &Ops{}, &Ask{}, &Drop{}, &Welcome{}, &Snapshot{}, &Delta{}, &Ack{}, &Recs{}, &Profile{}, &Reset{}, &Error{},
		&Renew{}, &Expiry{}, &Merge{}, &Merged{},
		&Hello{Version: 1, Client: "c-1", User: "ann", Token: "secret", Epoch: 1 << 52, Seq: 300, LastOp: 7, Inflates: true},
		&Ops{First: 8, Ops: []Op{
			{Event: true, Kind: "rating", Item: "moby-dick", ValueMilli: -4500, AtMillis: 1_700_000_000_000},
			{Preference: core.Preference{Kind: core.PreferTag, Key: "sea", Weight: -256}},
		}},
		&Ask{Name: "for-you", Similar: "moby-dick", Limit: 20, Exclude: []string{"a", ""}, Categories: []string{"film"}, Tags: []string{"sea", "naïve"}},
		&Ask{Name: "2", Limit: 7, After: "AbC-_9", Filter: core.Filter{
			Groups: [][]core.Feature{{core.LabelFeature(core.KindTag, "sea"), core.LabelFeature(core.KindAuthor, "melville")}, {core.LabelFeature(core.KindCategory, "novel")}},
			Not:    []core.Feature{core.LabelFeature(core.KindAttribute, "year=1851")}, Since: 490_000, Until: math.MaxUint32,
		}},
		&Drop{Name: "for-you"},
		&Welcome{Version: 1, LastOp: 6, NowMillis: 1_700_000_000_001, Epoch: 5, Seq: 299, Items: 740, MaxFrame: MaxClientFrame, PingSeconds: 25,
			Policy: core.Policy{
				Version: 1<<53 - 1, Language: "en", Recency: []int32{4096, 2896, 0},
				Kinds:      []core.EventKind{{Name: "like", Weight: 768}, {Name: "rating", Weight: 768, Neutral: 2500, Full: 5000}},
				TextWeight: 1, TagWeight: -2, CategoryWeight: 3, AuthorWeight: 4, ItemWeight: 5, HalfLifeHours: 336,
				PriorWeight: 131, PriorSpan: 12, Repeat: core.RepeatDropSeen, DiversityPenalty: 4, DiversityWindow: 3,
				SeenAgainHours: 720, NearDuplicate: 205, ExploreShare: 3277, ExploreHours: 336, ExploreHeat: 719,
				Languages: []string{"de", "zh-Hant"}, Focus: 512,
			}},
		&Snapshot{Epoch: 5, Seq: 299, Learned: 12, Chunk: 2, Last: true, Items: 740, Sum: math.MaxUint64, Records: [][]byte{{1, 2}, {}, []byte(strings.Repeat("x", 300))}},
		&Delta{From: 299, To: 300, Learned: 13, Records: [][]byte{{9}}, Weights: [][]byte{{8}, {7}}, Deleted: []core.ItemNum{1, math.MaxUint32}},
		&Ack{Op: 8, Refused: []Refusal{{7, "unknown item", "send the item first"}}},
		&Recs{Name: "for-you", Epoch: 5, Seq: 300, Learned: 13, Op: 8, Policy: 77, Hour: 495_000, Items: []core.Ranked{{Num: 3, Score: 65_536}, {Num: 200, Score: -1}}},
		&Profile{Op: 8, History: core.History{{Item: 3, Strength: -768, At: 1_700_000_000_000}}, Preferences: core.Preferences{{Kind: core.PreferText, Key: "sailing boats", Weight: 25_600}}},
		&Reset{Code: ResetTooOld, Reason: "the log begins at 120"},
		&Error{Reason: "too many ops", Hint: "send at most 100"},
		&Renew{Token: "aaa.bbb.ccc"},
		&Expiry{AtMillis: 1_700_000_060_000},
		&Merge{Client: "c-0", First: 3, Ops: []Op{{Event: true, Kind: "view", Item: "emma", AtMillis: 1_700_000_000_000}}},
		&Merged{Client: "c-0", Op: 3},
	}
}

func TestMessage_SurvivesTheWire(t *testing.T) {
	for _, m := range all() {
		got, err := Decode(Encode(m))
		if err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("Decode(Encode(%+v)) = %+v, %v", m, got, err)
		}
	}
	types := map[uint64]bool{}
	for _, m := range all() {
		types[m.code()] = true
		if n := newMessage(m.code()); reflect.TypeOf(n) != reflect.TypeOf(m) {
			t.Errorf("newMessage(%d) is a %T, want a %T", m.code(), n, m)
		}
	}
	for code := range uint64(300) {
		if known := newMessage(code) != nil; known != types[code] {
			t.Errorf("type %d is known: %v; all() must hold every type", code, known)
		}
	}
}

func TestMessage_SurvivesTheWireWithRandomFields(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		for _, m := range all()[:16] {
			fill(rnd, reflect.ValueOf(m).Elem())
			frame := Encode(m)
			got, err := Decode(frame)
			if err != nil || !reflect.DeepEqual(got, m) {
				t.Fatalf("seed %d: Decode(Encode(%+v)) = %+v, %v", seed, m, got, err)
			}
		}
	}
}

// fill gives random values to all that v holds.
func fill(rnd *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(rnd, v.Field(i))
		}
	case reflect.Slice:
		if n := rnd.IntN(4); n > 0 || v.Type().Elem().Kind() == reflect.Uint8 { // an empty list reads as nil
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range v.Len() {
			fill(rnd, v.Index(i))
		}
	case reflect.String:
		v.SetString(strings.Repeat("ж\x00\xffa", rnd.IntN(20)*rnd.IntN(30)))
	case reflect.Bool:
		v.SetBool(rnd.IntN(2) == 0)
	case reflect.Int, reflect.Int64, reflect.Int32:
		v.SetInt(int64(rnd.Uint64()) >> (64 - v.Type().Bits()) >> rnd.IntN(v.Type().Bits()))
	default:
		v.SetUint(rnd.Uint64() >> (64 - v.Type().Bits()) >> rnd.IntN(v.Type().Bits()))
	}
}

// frame writes an array by hand: a head that says n, then the values.
func frame(n int, values ...any) []byte {
	w := &writer{}
	w.e = newEncoder(&w.buf)
	w.array(n)
	for _, v := range values {
		switch v := v.(type) {
		case int:
			w.int(int64(v))
		case string:
			w.string(v)
		case []byte:
			w.buf.b = append(w.buf.b, v...)
		}
	}
	return w.buf.b
}

func TestDecode_IsLenientAtTheEndAndNowhereElse(t *testing.T) {
	ask := &Ask{Name: "n"}
	for name, c := range map[string]struct {
		frame []byte
		want  Message
		err   error
	}{
		"missing fields are zero":       {frame(2, 3, "n"), ask, nil},
		"all fields missing":            {frame(1, 3), &Ask{}, nil},
		"a field too many":              {frame(3, 4, "n", 99), &Drop{"n"}, nil},
		"a whole array too many":        {frame(3, 4, "n", []byte{0x92, 1, 2}), &Drop{"n"}, nil},
		"a missing policy":              {frame(6, 16, 1, 2, 3, 4, 5), &Welcome{Version: 1, LastOp: 2, NowMillis: 3, Epoch: 4, Seq: 5}, nil},
		"bytes for a text":              {frame(2, 4, []byte{0xc4, 1, 'n'}), &Drop{"n"}, nil},
		"nil for a text":                {frame(2, 4, []byte{0xc0}), &Drop{}, nil},
		"a number in a wider form":      {frame(2, []byte{0xcf, 0, 0, 0, 0, 0, 0, 0, 4}, "n"), &Drop{"n"}, nil},
		"a positive number as signed":   {frame(2, []byte{0xd0, 4}, "n"), &Drop{"n"}, nil},
		"a new type":                    {frame(2, 99, "n"), nil, ErrType},
		"type 0":                        {frame(2, 0, "n"), nil, ErrType},
		"a negative type":               {frame(2, -1, "n"), nil, ErrTorn},
		"a negative type in 64 bits":    {frame(2, []byte{0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, "n"), nil, ErrTorn},
		"a negative position":           {frame(3, 22, -3, ""), nil, ErrTorn},
		"a time beyond 63 bits":         {frame(4, 16, 1, 2, []byte{0xcf, 0xff, 0, 0, 0, 0, 0, 0, 0}), nil, ErrTorn},
		"a float for a number":          {frame(2, 19, []byte{0xca, 0, 0, 0, 0}), nil, ErrTorn},
		"a text for a number":           {frame(2, 19, "8"), nil, ErrTorn},
		"a number for a text":           {frame(2, 4, 5), nil, ErrTorn},
		"a map for a text":              {frame(2, 4, []byte{0x80}), nil, ErrTorn},
		"nothing":                       {nil, nil, ErrTorn},
		"an empty array":                {frame(0), nil, ErrTorn},
		"no array":                      {[]byte{0x81, 1, 2}, nil, ErrTorn},
		"nil":                           {[]byte{0xc0}, nil, ErrTorn},
		"a head that promises more":     {frame(9, 4, "n"), nil, ErrTorn},
		"a torn text":                   {frame(2, 4, []byte{0xa5, 'n'}), nil, ErrTorn},
		"a text without its length":     {frame(2, 4, []byte{0xd9}), nil, ErrTorn},
		"nil for a list":                {frame(3, 2, 1, []byte{0xc0}), nil, ErrTorn},
		"a policy of another size":      {frame(7, 16, 1, 2, 3, 4, 5, []byte{0x91, 1}), nil, ErrTorn},
		"a filter of another size":      {frame(8, 3, "n", "", 1, []byte{0x90}, []byte{0x90}, []byte{0x90}, []byte{0x91, 0x90}), nil, ErrTorn},
		"an op of another size":         {frame(3, 2, 1, []byte{0x91, 0x91, 0xc3}), nil, ErrTorn},
		"an item number beyond 32 bits": {frame(7, 18, 1, 2, 3, []byte{0x90}, []byte{0x90}, []byte{0x91, 0xcf, 0, 0, 0, 1, 0, 0, 0, 0}), nil, ErrTorn},
		"a preference's kind of 256":    {frame(4, 21, 1, []byte{0x90}, []byte{0x91, 0x93, 0xcd, 1, 0, 0xa0, 0}), nil, ErrTorn},
		"a preference's weight of 2^31": {frame(4, 21, 1, []byte{0x90}, []byte{0x91, 0x93, 1, 0xa0, 0xce, 0x80, 0, 0, 0}), nil, ErrTorn},
		"an hour beyond 32 bits":        {frame(8, 20, "n", 1, 2, 3, 4, 5, []byte{0xcf, 0, 0, 0, 1, 0, 0, 0, 0}), nil, ErrTorn},
	} {
		got, err := Decode(c.frame)
		if err != c.err || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: Decode(%x) = %+v, %v, want %+v, %v", name, c.frame, got, err, c.want, c.err)
		}
	}
}

func TestDecode_RefusesEveryTornFrame(t *testing.T) {
	for _, m := range all() {
		f := Encode(m)
		for n := range f {
			if got, err := Decode(f[:n]); err != ErrTorn {
				t.Errorf("%T: the first %d of %d bytes = %+v, %v, want ErrTorn", m, n, len(f), got, err)
			}
		}
	}
}

func TestReconnects_Table(t *testing.T) {
	for code, want := range map[int]bool{
		1000: true, 1006: true, CloseGoingAway: true, CloseProtocol: true, CloseTimeout: true, CloseSlow: true, 4499: true,
		4500: false, CloseVersion: false, CloseForbidden: false, 4999: false, 5000: true,
	} {
		if got := Reconnects(code); got != want {
			t.Errorf("Reconnects(%d) = %v, want %v", code, got, want)
		}
	}
}
