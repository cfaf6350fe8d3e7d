package server

import (
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"nigh/core/replica"
	"nigh/core/wire"
	"nigh/server/access"
)

// Who a hello may be of, by what it says and by what the handshake carried.
func TestDoor_AdmitsReadersAsThemselves(t *testing.T) {
	both, keys := testKeys(t, access.Read|access.Events)
	readOnly, k := access.NewKey("read", access.Read, time.Unix(1, 0))
	if err := keys.AddKey(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	asking := func(o *Options) { o.Keys, o.Readers = keys, readers(t) }
	strict := func(o *Options) { o.Keys, o.Readers, o.NoAnonymous = keys, readers(t), true }
	trusting := func(o *Options) { o.Keys, o.TrustNames = keys, true }
	ada, bob, old := token(t, "ada", time.Hour), token(t, "bob", time.Hour), token(t, "ada", -time.Hour)
	const guest = "0123456789abcdef"
	channels := map[string]*channel{}
	for name, change := range map[string]func(*Options){"open": nil, "asking": asking, "strict": strict, "trusting": trusting} {
		channels[name] = newChannel(t, nil, change)
	}
	for _, tt := range []struct {
		name, channel string
		hello         wire.Hello
		handshake     string
		code          int // of the close; 0: welcome
	}{
		{"any name on an open server", "open", wire.Hello{Client: "c", User: "ada"}, "", 0},
		{"an anonymous one", "open", wire.Hello{Client: "c"}, "", 0},
		{"with a token that nobody looks at", "open", wire.Hello{Client: "c", User: "ada", Token: "x"}, "", 0},
		{"a guest's name", "open", wire.Hello{Client: "c", User: "~" + guest}, "", wire.CloseForbidden},

		{"an anonymous one", "asking", wire.Hello{Client: guest}, "", 0},
		{"an anonymous one whose id is guessed", "asking", wire.Hello{Client: "c"}, "", wire.CloseForbidden},
		{"a name", "asking", wire.Hello{Client: guest, User: "ada"}, "", wire.CloseForbidden},
		{"another guest's name", "asking", wire.Hello{Client: guest + "x", User: "~" + guest}, "", wire.CloseForbidden},
		{"a token", "asking", wire.Hello{Client: "c", User: "ada", Token: ada}, "", 0},
		{"a token by subprotocol", "asking", wire.Hello{Client: "c", User: "ada"}, ada, 0},
		{"a token twice", "asking", wire.Hello{Client: "c", User: "ada", Token: ada}, ada, 0},
		{"two readers' tokens", "asking", wire.Hello{Client: "c", User: "ada", Token: ada}, bob, wire.CloseForbidden},
		{"another reader's token", "asking", wire.Hello{Client: "c", User: "ada", Token: bob}, "", wire.CloseForbidden},
		{"a token for nobody", "asking", wire.Hello{Client: guest, Token: ada}, "", wire.CloseForbidden},
		{"an ended token", "asking", wire.Hello{Client: "c", User: "ada", Token: old}, "", wire.CloseExpired},
		{"no token at all", "asking", wire.Hello{Client: "c", User: "ada", Token: "x"}, "", wire.CloseForbidden},
		{"a key for any reader", "asking", wire.Hello{Client: "k1", User: "cyd"}, both, 0},
		{"a key in hello", "asking", wire.Hello{Client: "k2", User: "dan", Token: both}, "", 0},
		{"a key that may only read", "asking", wire.Hello{Client: "k3", User: "eve", Token: readOnly}, "", wire.CloseForbidden},

		{"an anonymous one", "strict", wire.Hello{Client: guest}, "", wire.CloseForbidden},
		{"a token", "strict", wire.Hello{Client: "c", User: "ada", Token: ada}, "", 0},
		{"a name", "trusting", wire.Hello{Client: "c", User: "ada"}, "", 0},
		{"a token, which is not looked for", "trusting", wire.Hello{Client: "c", User: "ada", Token: ada}, "", wire.CloseForbidden},
	} {
		o := &websocket.DialOptions{Subprotocols: []string{wire.Subprotocol}}
		if tt.handshake != "" {
			o.Subprotocols = append(o.Subprotocols, tokenProtocol+tt.handshake)
		}
		conn := channels[tt.channel].dial(t, o)
		tt.hello.Version = wire.Version
		write(t, conn, websocket.MessageBinary, wire.Encode(&tt.hello))
		m, err := read(t, conn)
		if _, ok := m.(*wire.Welcome); tt.code == 0 && !ok {
			t.Errorf("%s server, %s: %T, %v, want welcome", tt.channel, tt.name, m, err)
		} else if tt.code != 0 && int(websocket.CloseStatus(err)) != tt.code {
			t.Errorf("%s server, %s: %T, %v, want a close with %d", tt.channel, tt.name, m, err, tt.code)
		}
		if err != nil && (strings.Contains(err.Error(), ada[40:]) || strings.Contains(err.Error(), both)) {
			t.Errorf("%s: the reason tells a secret: %v", tt.name, err)
		}
		_ = conn.CloseNow()
	}
}

// One reader on two devices, who signed in on one of them after a while; tokens that end meanwhile, and are renewed.
func TestSync_OneReaderOnAllDevicesWithTokens(t *testing.T) {
	ch := newChannel(t, nil, func(o *Options) { o.Readers = readers(t) })
	sweep := func(after time.Duration) func() bool {
		return func() bool { ch.Guard().sweep(time.Now().Add(after)); return true }
	}
	issued := 0
	fresh := func() string { issued++; return token(t, "ada", time.Duration(issued)*time.Hour) }
	phone := newBrowserOf(t, ch, replica.Config{Client: "phone", User: "ada", TokenLater: true}, fresh)
	phone.untilLive()
	guest := newBrowser(t, ch, "a-guest-whom-nobody-guesses", "")
	guest.untilLive()
	guest.step(replica.Record{Kind: "like", Item: "dracula"})
	guest.until("the guest's like", func() bool { return guest.status.Pending == 0 })
	if len(phone.told.History) != 0 {
		t.Errorf("ada knows what a guest did: %v", phone.told.History)
	}
	_ = guest.conn.CloseNow()

	laptop := newBrowserOf(t, ch, replica.Config{Client: "laptop", User: "ada", Token: fresh(),
		Guests: []replica.Guest{{Client: "a-guest-whom-nobody-guesses"}}}, fresh)
	laptop.until("the merge", func() bool { return len(laptop.merged) == 1 && len(laptop.told.History) == 1 })
	phone.until("what she did on the laptop before she signed in", func() bool { return len(phone.told.History) == 1 })
	phone.step(replica.Record{Kind: "like", Item: "go-book"})
	laptop.until("what she does on the phone", func() bool { return len(laptop.told.History) == 2 })

	// A minute before the phone's token ends it is asked for another one; the laptop's lasts longer.
	before := issued
	sweep(59*time.Minute + 30*time.Second)()
	phone.until("a fresh token", func() bool { return issued == before+1 })
	phone.step(replica.Record{Kind: "like", Item: "moby-dick"}) // behind it: what is acknowledged came after the renewal
	phone.until("the like", func() bool { return phone.status.Pending == 0 })
	sweep(time.Hour + time.Minute)()
	laptop.until("the phone's last like", func() bool { return len(laptop.told.History) == 3 })
	if len(phone.codes) > 0 {
		t.Errorf("the phone was closed with %v though its token was renewed", phone.codes)
	}
	// Who has no fresh token is closed at the end, keeps what it does, and is back as soon as it has one.
	sleeper := newBrowserOf(t, ch, replica.Config{Client: "tablet", User: "ada", Token: token(t, "ada", time.Hour)}, nil)
	sleeper.untilLive()
	sweep(2 * time.Hour)()
	sleeper.until("the end of its token", func() bool { return len(sleeper.codes) == 1 && sleeper.codes[0] == wire.CloseExpired })
	sleeper.step(replica.Record{Kind: "like", Item: "dracula"})
	sleeper.step(replica.Token{Token: token(t, "ada", 5*time.Hour)})
	sleeper.until("all of it", func() bool { return sleeper.status.State == replica.Live && sleeper.status.Pending == 0 })
}

func TestSync_EndsWithItsKey(t *testing.T) {
	text, keys := testKeys(t, access.Read|access.Events)
	ch := newChannel(t, nil, func(o *Options) { o.Keys = keys })
	b := newBrowserOf(t, ch, replica.Config{Client: "c", User: "ada", Token: text}, nil)
	b.untilLive()
	ch.Guard().sweep(time.Now())
	if len(b.codes) > 0 {
		t.Fatalf("closed with %v while the key holds", b.codes)
	}
	if err := keys.RevokeKey(t.Context(), text[5:13], time.Now()); err != nil {
		t.Fatal(err)
	}
	b.until("the close", func() bool { return len(b.codes) > 0 })
	if b.codes[0] != wire.CloseForbidden {
		t.Errorf("closed with %v, want %d", b.codes, wire.CloseForbidden)
	}
}
