package bench

import "net"

// plainLoop is the yardstick: connections, and a write to each.
type plainLoop struct {
	listener net.Listener
	conns    []net.Conn
	rounds   uint64
}

func listenPlain() (*plainLoop, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &plainLoop{listener: l}, nil
}

func (p *plainLoop) addr() string { return p.listener.Addr().String() }

func (p *plainLoop) accept(n int) error {
	for range n {
		conn, err := p.listener.Accept()
		if err != nil {
			return err
		}
		p.conns = append(p.conns, conn)
	}
	return nil
}

func (p *plainLoop) write(b []byte) (uint64, error) {
	for _, conn := range p.conns {
		if _, err := conn.Write(b); err != nil {
			return 0, err
		}
	}
	p.rounds++
	return p.rounds, nil
}

func (p *plainLoop) close() {
	_ = p.listener.Close()
	for _, conn := range p.conns {
		_ = conn.Close()
	}
}
