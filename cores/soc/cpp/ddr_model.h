// DDR behind the interconnect, as the DMA sees it: AXI read ports and AXI write ports on the same memory.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

// splitmix64: one decision a call, the same on every machine for the same seed.
class StallGenerator {
  public:
    StallGenerator(uint64_t seed, double probability);
    bool stall();
    uint64_t state() const { return state_; }
    void set_state(uint64_t state) { state_ = state; }

  private:
    uint64_t state_;
    uint64_t threshold_;
};

enum AxiResponse : uint8_t { AXI_OKAY = 0, AXI_SLVERR = 2, AXI_DECERR = 3 };

// Memory of the caller. An address outside [base, base + size) answers DECERR, as an interconnect with no slave there;
// one in a page that is not allocated answers SLVERR, as a memory protection unit.
class DdrMemory {
  public:
    static constexpr unsigned PAGE_BITS = 12;

    DdrMemory(uint64_t base, uint64_t size, uint8_t *data, const uint8_t *pages);
    AxiResponse read(uint64_t address, uint64_t &beat) const;
    AxiResponse write(uint64_t address, uint64_t beat, uint8_t strobes);

  private:
    AxiResponse check(uint64_t offset) const;

    uint64_t base_, size_;
    uint8_t *data_;
    const uint8_t *pages_;  // one byte a page: not 0 = allocated
};

struct AxiAddress {
    uint64_t address;
    uint8_t len, size, burst;
    bool valid;

    bool operator==(const AxiAddress &other) const {
        return address == other.address && len == other.len && size == other.size && burst == other.burst &&
               valid == other.valid;
    }
};

struct AxiWriteBeat {
    uint64_t data;
    uint8_t strobes;
    bool last, valid;

    bool operator==(const AxiWriteBeat &other) const {
        return data == other.data && strobes == other.strobes && last == other.last && valid == other.valid;
    }
};

// Checks what AXI asks of a master's address channel: INCR bursts of whole beats, aligned, at most 16 beats (AXI3),
// within 4 KiB, and unchanged while they wait. Keeps the first rule broken.
class AxiAddressCheck {
  public:
    explicit AxiAddressCheck(const char *channel) : channel_(channel) {}  // named in what it notes
    void clock(const AxiAddress &now, bool ready);
    const std::string &violation() const { return violation_; }

  private:
    static const char *broken_rule(const AxiAddress &now);
    void note(const char *rule, const AxiAddress &now);

    const char *channel_;
    AxiAddress held_{};
    std::string violation_;
};

struct AxiBurst {
    uint64_t address;
    unsigned beats;   // still to move
    uint64_t when;    // first cycle in which it may be served
};

// Reads: many bursts outstanding, answered in order; the first beat `latency` cycles after its address. Both ports are ready
// while idle and take no decision about stalls then: how long a port waits for work does not change what comes after.
class DdrReadPort {
  public:
    DdrReadPort(const DdrMemory &memory, unsigned latency, double stall_probability, uint64_t seed,
                const char *channel = "AR");

    // One rising edge: the master's signals, handshakes with the present outputs, then new outputs. True if anything
    // moved.
    bool clock(uint64_t cycle, const AxiAddress &ar, bool rready);

    bool arready = false;
    bool rvalid = false, rlast = false;
    uint64_t rdata = 0;
    uint8_t rresp = AXI_OKAY;
    const std::string &violation() const { return check_.violation(); }
    StallGenerator &stalls() { return stalls_; }

  private:
    const DdrMemory &memory_;
    unsigned latency_;
    StallGenerator stalls_;
    AxiAddressCheck check_;
    std::deque<AxiBurst> bursts_;
};

// Writes: data are taken once their address is known; the response comes `latency` cycles after the last beat.
class DdrWritePort {
  public:
    DdrWritePort(DdrMemory &memory, unsigned latency, double stall_probability, uint64_t seed,
                 const char *channel = "AW", const char *data_channel = "W");

    bool clock(uint64_t cycle, const AxiAddress &aw, const AxiWriteBeat &w, bool bready);

    bool awready = false, wready = false, bvalid = false;
    uint8_t bresp = AXI_OKAY;
    const std::string &violation() const { return violation_.empty() ? check_.violation() : violation_; }
    StallGenerator &stalls() { return stalls_; }

  private:
    struct Response {
        uint64_t when;
        uint8_t code;
    };

    void take_beat(uint64_t cycle, const AxiWriteBeat &w);
    void note(const char *message);

    DdrMemory &memory_;
    unsigned latency_;
    StallGenerator stalls_;
    AxiAddressCheck check_;
    const char *data_channel_;
    AxiWriteBeat held_{};
    std::deque<AxiBurst> bursts_;
    std::deque<Response> responses_;
    uint8_t burst_response_ = AXI_OKAY;
    std::string violation_;
};
