package catalog

import (
	"sync"
	"sync/atomic"
)

// Watch tells its holder that something which may change a reader's list has changed.
type Watch struct {
	c    chan struct{}
	user string
	all  *watches
	// erased tells that the reader was erased since the watch began; the owner sets it. A session of before must take no
	// more ops: their numbers are of another life of its client id.
	erased atomic.Bool
	// tell, if not nil, is called instead of a signal over c; under the lock of all.
	tell func()
	// deaf: changes of the index do not matter to the holder, only those of the reader.
	deaf atomic.Bool
}

// C receives after each change of the index or of the reader's profile. It holds one signal: several changes that
// nobody looked at are one.
func (w *Watch) C() <-chan struct{} { return w.c }

// Tell has f called after each change, from now on in place of a signal over C; at once if one is waiting there. f is
// called by the catalog's owner and must not wait, nor call a method of the watch.
func (w *Watch) Tell(f func()) {
	w.all.mu.Lock() // no signal is on its way to C meanwhile
	defer w.all.mu.Unlock()
	w.tell = f
	select {
	case <-w.c:
		f()
	default:
	}
}

// Close ends the watch. C is not closed.
func (w *Watch) Close() {
	w.all.mu.Lock()
	defer w.all.mu.Unlock()
	delete(w.all.set, w)
}

func (w *Watch) signal() {
	if w.tell != nil {
		w.tell()
		return
	}
	select {
	case w.c <- struct{}{}:
	default:
	}
}

// watches are all watches of a catalog.
type watches struct {
	mu  sync.Mutex
	set map[*Watch]struct{}
}

func (ws *watches) add(user string) *Watch {
	w := &Watch{c: make(chan struct{}, 1), user: user, all: ws}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.set == nil {
		ws.set = map[*Watch]struct{}{}
	}
	ws.set[w] = struct{}{}
	return w
}

// signal wakes everyone, or those who watch one of the users.
func (ws *watches) signal(everyone bool, users map[string]bool) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range ws.set {
		if everyone && !w.deaf.Load() || users[w.user] {
			w.signal()
		}
	}
}

// erase tells those who watch a reader that was erased.
func (ws *watches) erase(user string) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range ws.set {
		if w.user == user {
			w.erased.Store(true)
			w.signal()
		}
	}
}

func (ws *watches) count() int {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return len(ws.set)
}
