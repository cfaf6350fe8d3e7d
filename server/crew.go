package server

import "sync"

// task is work for a crew.
type task interface{ work() }

// crew does tasks in the order they came, with a few goroutines that exist only while there are tasks.
type crew struct {
	most int // goroutines
	few  int // goroutines while tasks pile up; 0 for most

	mu      sync.Mutex
	queue   []task // from next on
	next    int
	working int
	piled   bool // until nothing is queued
}

// pile tells that a task had more to do than one thing. From now on few goroutines go on, until all is done: the others
// would only keep a task from piling up more, which is cheaper to do at once.
func (c *crew) pile() {
	if c.few > 0 {
		c.mu.Lock()
		c.piled = true
		c.mu.Unlock()
	}
}

// bound is how many goroutines may work; c.mu is held.
func (c *crew) bound() int {
	if c.piled {
		return c.few
	}
	return c.most
}

// add never waits. A task that is still in the queue must not be added again: whoever adds keeps count.
func (c *crew) add(t task) {
	c.mu.Lock()
	c.queue = append(c.queue, t)
	more := c.working < c.bound()
	if more {
		c.working++
	}
	c.mu.Unlock()
	if more {
		go c.run()
	}
}

func (c *crew) run() {
	for {
		t, ok := c.take()
		if !ok {
			return
		}
		t.work()
	}
}

// take returns the next task; if there is none, or enough others are at work, the goroutine that asks is to end.
func (c *crew) take() (t task, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.working > c.bound() {
		c.working--
		return nil, false
	}
	if c.next == len(c.queue) {
		c.working--
		c.piled = false
		if c.queue = c.queue[:0]; cap(c.queue) > 1024 {
			c.queue = nil
		}
		c.next = 0
		return nil, false
	}
	t = c.queue[c.next]
	c.queue[c.next] = nil
	c.next++
	if c.next > 1024 && c.next*2 > len(c.queue) { // tasks that come while others are done: the front is moved up
		n := copy(c.queue, c.queue[c.next:])
		clear(c.queue[n:])
		c.queue, c.next = c.queue[:n], 0
	}
	return t, true
}
