// DDR behind the interconnect, as AXI masters see it: AXI read ports and AXI write ports on the same memory.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <type_traits>

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
enum AxiBurstType : uint8_t { AXI_FIXED = 0, AXI_INCR = 1, AXI_WRAP = 2 };

// Memory of the caller. An address outside [base, base + size) answers DECERR, as an interconnect with no slave there;
// one in a page that is not allocated answers SLVERR, as a memory protection unit. A beat's address is a multiple of its
// bytes, at most 64, so that it lies in one page.
class DdrMemory {
  public:
    static constexpr unsigned PAGE_BITS = 12;

    DdrMemory(uint64_t base, uint64_t size, uint8_t *data, const uint8_t *pages);

    template <typename Beat>
    AxiResponse read(uint64_t address, Beat &beat) const {
        const uint64_t offset = address - base_;
        const AxiResponse response = check(offset, sizeof beat);
        if (response == AXI_OKAY) {
            std::memcpy(&beat, data_ + offset, sizeof beat);
        } else {
            for (size_t at = 0; at < sizeof beat; at += sizeof NO_DATA) {
                const size_t rest = sizeof beat - at;
                std::memcpy(reinterpret_cast<uint8_t *>(&beat) + at, &NO_DATA, rest < sizeof NO_DATA ? rest : sizeof NO_DATA);
            }
        }
        return response;
    }

    template <typename Beat>
    AxiResponse write(uint64_t address, const Beat &beat, uint64_t strobes) {
        const uint64_t offset = address - base_;
        const AxiResponse response = check(offset, sizeof beat);
        if (response != AXI_OKAY) return response;
        const uint8_t *bytes = reinterpret_cast<const uint8_t *>(&beat);
        for (unsigned byte = 0; byte < sizeof beat; ++byte) {
            if (strobes >> byte & 1) data_[offset + byte] = bytes[byte];
        }
        return response;
    }

  private:
    static constexpr uint64_t NO_DATA = 0xDEADDEADDEADDEADULL;

    AxiResponse check(uint64_t offset, size_t nbytes) const {
        if (offset > size_ - nbytes) return AXI_DECERR;  // below the base wraps round to a large offset
        return pages_[offset >> PAGE_BITS] ? AXI_OKAY : AXI_SLVERR;
    }

    uint64_t base_, size_;
    uint8_t *data_;
    const uint8_t *pages_;  // one byte a page: not 0 = allocated
};

struct AxiAddress {
    uint64_t address;
    uint8_t len, size, burst;
    bool valid;
    uint32_t id = 0;

    bool operator==(const AxiAddress &other) const {
        return address == other.address && len == other.len && size == other.size && burst == other.burst &&
               valid == other.valid && id == other.id;
    }
};

// A beat of BYTES bytes, a power of two up to 64; its strobes, a bit a byte
template <unsigned BYTES>
using AxiData = std::conditional_t<BYTES == 8, uint64_t, std::array<uint8_t, BYTES>>;

template <unsigned BYTES>
struct AxiWriteBeat {
    AxiData<BYTES> data;
    uint64_t strobes;
    bool last, valid;

    bool operator==(const AxiWriteBeat &other) const {
        return data == other.data && strobes == other.strobes && last == other.last && valid == other.valid;
    }
};

// What a master may ask: our DMA, and with it AXI3's ports of a Zynq-7000, INCR bursts of at most 16 whole beats;
// a third party's, behind an interconnect, all that AXI4 allows.
enum class AxiRules { DMA, AXI4 };

// Checks what AXI asks of a master's address channel: bursts by the rules, within 4 KiB, and unchanged while they wait.
// Keeps the first rule broken.
class AxiAddressCheck {
  public:
    // The channel is named in what it notes.
    AxiAddressCheck(const char *channel, AxiRules rules, unsigned bytes) : channel_(channel), rules_(rules), bytes_(bytes) {}
    void clock(const AxiAddress &now, bool ready) {
        if (held_.valid && !(now == held_)) note("address changed while it waited for ready", now);
        if (now.valid) {
            const char *rule = rules_ == AxiRules::DMA ? broken_dma_rule(now) : broken_axi4_rule(now);
            if (rule) note(rule, now);
        }
        held_ = now;
        held_.valid = now.valid && !ready;
    }
    const std::string &violation() const { return violation_; }

  private:
    const char *broken_dma_rule(const AxiAddress &now) const;
    const char *broken_axi4_rule(const AxiAddress &now) const;
    void note(const char *rule, const AxiAddress &now);

    const char *channel_;
    AxiRules rules_;
    unsigned bytes_;
    AxiAddress held_{};
    std::string violation_;
};

// A burst that is under way: where its next beat lies.
struct AxiBurst {
    uint64_t address;
    unsigned beats;  // still to move
    uint64_t when;   // first cycle in which it may be served
    unsigned bytes;  // of a beat
    uint8_t type;
    uint64_t wrap;  // bytes of a WRAP burst
    uint32_t id;

    AxiBurst(const AxiAddress &from, uint64_t when)
        : address(from.address), beats(from.len + 1u), when(when), bytes(1u << from.size), type(from.burst),
          wrap(uint64_t{bytes} * beats), id(from.id) {}

    void next() {
        --beats;
        if (type == AXI_FIXED) return;
        address = (address & -uint64_t{bytes}) + bytes;
        if (type == AXI_WRAP && address % wrap == 0) address -= wrap;
    }
};

// The first access of a master to memory that is not there.
struct AxiStray {
    uint64_t address = 0;
    unsigned bytes = 0;  // 0: there was none
};

// Reads: many bursts outstanding, answered in order; the first beat `latency` cycles after its address. Both ports are ready
// while idle and take no decision about stalls then: how long a port waits for work does not change what comes after.
template <unsigned BYTES>
class DdrReadPort {
  public:
    DdrReadPort(const DdrMemory &memory, unsigned latency, double stall_probability, uint64_t seed,
                const char *channel = "AR", AxiRules rules = AxiRules::DMA)
        : memory_(memory), latency_(latency), stalls_(seed, stall_probability), check_(channel, rules, BYTES) {}

    // One rising edge: the master's signals, handshakes with the present outputs, then new outputs. True if anything
    // moved.
    bool clock(uint64_t cycle, const AxiAddress &ar, bool rready) {
        const bool address_taken = ar.valid && arready;
        const bool beat_taken = rvalid && rready;
        check_.clock(ar, arready);

        if (address_taken) {
            bursts_.emplace_back(ar, cycle + latency_);
            ++taken_;
        }
        if (beat_taken) rvalid = false;
        if (!rvalid && !bursts_.empty() && bursts_.front().when <= cycle && !stalls_.stall()) {
            AxiBurst &burst = bursts_.front();
            rresp = memory_.read(burst.address & -uint64_t{BYTES}, rdata);
            if (rresp != AXI_OKAY && !stray.bytes) stray = {burst.address, burst.bytes * burst.beats};
            rid = burst.id;
            rlast = burst.beats == 1;
            rvalid = true;
            burst.next();
            if (burst.beats == 0) bursts_.pop_front();
        }
        const bool idle = bursts_.empty() && !ar.valid;
        arready = idle || (bursts_.size() < MAX_OUTSTANDING && !stalls_.stall());
        return address_taken || beat_taken;
    }

    bool arready = false;
    bool rvalid = false, rlast = false;
    AxiData<BYTES> rdata{};
    uint8_t rresp = AXI_OKAY;
    uint32_t rid = 0;
    AxiStray stray;
    const std::string &violation() const { return check_.violation(); }
    StallGenerator &stalls() { return stalls_; }
    // Bursts that were asked for, and those of them that wait for the end of their answer
    uint64_t taken() const { return taken_; }
    uint64_t outstanding() const { return bursts_.size() + (rvalid && rlast); }

  private:
    static constexpr size_t MAX_OUTSTANDING = 64;

    const DdrMemory &memory_;
    unsigned latency_;
    StallGenerator stalls_;
    AxiAddressCheck check_;
    std::deque<AxiBurst> bursts_;
    uint64_t taken_ = 0;
};

// Writes: data are taken once their address is known; the response comes `latency` cycles after the last beat.
template <unsigned BYTES>
class DdrWritePort {
  public:
    DdrWritePort(DdrMemory &memory, unsigned latency, double stall_probability, uint64_t seed, const char *channel = "AW",
                 const char *data_channel = "W", AxiRules rules = AxiRules::DMA)
        : memory_(memory), latency_(latency), stalls_(seed, stall_probability), check_(channel, rules, BYTES),
          data_channel_(data_channel) {}

    bool clock(uint64_t cycle, const AxiAddress &aw, const AxiWriteBeat<BYTES> &w, bool bready) {
        const bool address_taken = aw.valid && awready;
        const bool beat_taken = w.valid && wready;
        const bool response_taken = bvalid && bready;
        check_.clock(aw, awready);
        if (held_.valid && !(w == held_)) note("data changed while they waited for ready");
        held_ = w;
        held_.valid = w.valid && !wready;

        if (beat_taken) take_beat(cycle, w);
        if (address_taken) {
            bursts_.emplace_back(aw, cycle);
            ++taken_;
        }
        if (response_taken) bvalid = false;
        if (!bvalid && !responses_.empty() && responses_.front().when <= cycle && !stalls_.stall()) {
            bresp = responses_.front().code;
            bid = responses_.front().id;
            bvalid = true;
            responses_.pop_front();
        }
        const bool idle = bursts_.empty() && responses_.empty() && !aw.valid;
        awready = idle || (bursts_.size() + responses_.size() < MAX_OUTSTANDING && !stalls_.stall());
        wready = !bursts_.empty() && !stalls_.stall();
        return address_taken || beat_taken || response_taken;
    }

    bool awready = false, wready = false, bvalid = false;
    uint8_t bresp = AXI_OKAY;
    uint32_t bid = 0;
    AxiStray stray;
    const std::string &violation() const { return violation_.empty() ? check_.violation() : violation_; }
    StallGenerator &stalls() { return stalls_; }
    // As of reads
    uint64_t taken() const { return taken_; }
    uint64_t outstanding() const { return bursts_.size() + responses_.size() + bvalid; }

  private:
    static constexpr size_t MAX_OUTSTANDING = 64;

    struct Response {
        uint64_t when;
        uint8_t code;
        uint32_t id;
    };

    // The strobes that a beat at an address may have: from there to the end of the beat
    static uint64_t lanes(uint64_t address, unsigned bytes) {
        const unsigned first = address % BYTES, end = (address & (BYTES - 1) & -uint64_t{bytes}) + bytes;
        return (end == 64 ? ~uint64_t{0} : (uint64_t{1} << end) - 1) & ~((uint64_t{1} << first) - 1);
    }

    void take_beat(uint64_t cycle, const AxiWriteBeat<BYTES> &w) {
        AxiBurst &burst = bursts_.front();
        const uint64_t allowed = lanes(burst.address, burst.bytes);
        if (w.strobes & ~allowed) note("WSTRB is set for bytes outside the beat");
        const AxiResponse response = memory_.write(burst.address & -uint64_t{BYTES}, w.data, w.strobes & allowed);
        if (response != AXI_OKAY && !stray.bytes) stray = {burst.address, burst.bytes * burst.beats};
        if (response > burst_response_) burst_response_ = response;
        if (w.last != (burst.beats == 1)) note("WLAST is not on the last beat of the burst");
        burst.next();
        if (burst.beats == 0) {
            responses_.push_back({cycle + latency_, burst_response_, burst.id});
            burst_response_ = AXI_OKAY;
            bursts_.pop_front();
        }
    }

    void note(const char *message) {
        if (violation_.empty()) violation_ = std::string(data_channel_) + ": " + message;
    }

    DdrMemory &memory_;
    unsigned latency_;
    StallGenerator stalls_;
    AxiAddressCheck check_;
    const char *data_channel_;
    AxiWriteBeat<BYTES> held_{};
    std::deque<AxiBurst> bursts_;
    uint64_t taken_ = 0;
    std::deque<Response> responses_;
    uint8_t burst_response_ = AXI_OKAY;
    std::string violation_;
};
