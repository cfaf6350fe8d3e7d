package server

import (
	"runtime"
	"sync/atomic"
	"testing"
)

// held is work that says when it began, and ends when it is let go.
type held struct {
	began, end chan struct{}
	now, most  *atomic.Int32 // at work, and at most so far
}

func (h *held) work() {
	h.most.Store(max(h.most.Load(), h.now.Add(1)))
	h.began <- struct{}{}
	<-h.end
	h.now.Add(-1)
}

func TestCrew_IsFewWhileTasksPileUpAndAllAgainBehindThem(t *testing.T) {
	c := &crew{most: 3, few: 1}
	var now, most atomic.Int32
	task := &held{make(chan struct{}), make(chan struct{}), &now, &most}
	add := func(n int) {
		for range n {
			c.add(task)
		}
	}
	add(7)
	for range 3 { // all of the crew
		<-task.began
	}
	c.pile()
	for range 3 {
		task.end <- struct{}{}
	}
	<-task.began
	most.Store(0)
	add(1) // brings nobody
	for range 4 {
		task.end <- struct{}{}
		<-task.began
	}
	if got := most.Load(); got != 1 {
		t.Errorf("%d at work while tasks pile up, want 1", got)
	}
	task.end <- struct{}{}
	for busy := true; busy; { // the last one ends
		runtime.Gosched()
		c.mu.Lock()
		busy = c.working > 0
		c.mu.Unlock()
	}
	add(3)
	for range 3 {
		<-task.began // for ever, if the crew stayed few
	}
	for range 3 {
		task.end <- struct{}{}
	}
}
