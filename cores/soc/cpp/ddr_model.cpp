#include "ddr_model.h"

#include <cmath>
#include <cstring>
#include <sstream>

namespace {
constexpr unsigned BEAT_BYTES = 8;
constexpr uint8_t BEAT_SIZE = 3;          // AxSIZE of 8 bytes
constexpr uint8_t BURST_INCR = 1;
constexpr unsigned MAX_BURST_BEATS = 16;  // AXI3, as the HP ports of Zynq-7000 take them
constexpr uint64_t BOUNDARY = 4096;
constexpr size_t MAX_OUTSTANDING = 64;
constexpr uint64_t NO_DATA = 0xDEADDEADDEADDEADULL;
}  // namespace

StallGenerator::StallGenerator(uint64_t seed, double probability)
    : state_(seed), threshold_(static_cast<uint64_t>(std::ldexp(probability, 64))) {}

bool StallGenerator::stall() {
    if (threshold_ == 0) return false;
    uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return (z ^ (z >> 31)) < threshold_;
}

DdrMemory::DdrMemory(uint64_t base, uint64_t size, uint8_t *data, const uint8_t *pages)
    : base_(base), size_(size), data_(data), pages_(pages) {}

AxiResponse DdrMemory::check(uint64_t offset) const {
    if (offset > size_ - BEAT_BYTES) return AXI_DECERR;  // below the base wraps round to a large offset
    return pages_[offset >> PAGE_BITS] ? AXI_OKAY : AXI_SLVERR;
}

AxiResponse DdrMemory::read(uint64_t address, uint64_t &beat) const {
    const uint64_t offset = address - base_;
    const AxiResponse response = check(offset);
    beat = NO_DATA;
    if (response == AXI_OKAY) std::memcpy(&beat, data_ + offset, BEAT_BYTES);
    return response;
}

AxiResponse DdrMemory::write(uint64_t address, uint64_t beat, uint8_t strobes) {
    const uint64_t offset = address - base_;
    const AxiResponse response = check(offset);
    if (response != AXI_OKAY) return response;
    for (unsigned byte = 0; byte < BEAT_BYTES; ++byte) {
        if (strobes >> byte & 1) data_[offset + byte] = static_cast<uint8_t>(beat >> (8 * byte));
    }
    return response;
}

const char *AxiAddressCheck::broken_rule(const AxiAddress &now) {
    const unsigned beats = now.len + 1u;
    if (now.size != BEAT_SIZE || now.burst != BURST_INCR) return "not an INCR burst of 64-bit beats";
    if (now.address % BEAT_BYTES != 0) return "address is not a multiple of 8";
    if (beats > MAX_BURST_BEATS) return "burst is longer than the 16 beats of AXI3";
    if (now.address % BOUNDARY + beats * BEAT_BYTES > BOUNDARY) return "burst crosses a 4 KiB boundary";
    return nullptr;
}

void AxiAddressCheck::note(const char *rule, const AxiAddress &now) {
    if (!violation_.empty()) return;
    std::ostringstream message;
    message << channel_ << ": " << rule << " (address 0x" << std::hex << now.address << std::dec << ", " << now.len + 1u
            << " beats)";
    violation_ = message.str();
}

void AxiAddressCheck::clock(const AxiAddress &now, bool ready) {
    if (held_.valid && !(now == held_)) note("address changed while it waited for ready", now);
    if (now.valid) {
        const char *rule = broken_rule(now);
        if (rule) note(rule, now);
    }
    held_ = now;
    held_.valid = now.valid && !ready;
}

DdrReadPort::DdrReadPort(const DdrMemory &memory, unsigned latency, double stall_probability, uint64_t seed,
                         const char *channel)
    : memory_(memory), latency_(latency), stalls_(seed, stall_probability), check_(channel) {}

bool DdrReadPort::clock(uint64_t cycle, const AxiAddress &ar, bool rready) {
    const bool address_taken = ar.valid && arready;
    const bool beat_taken = rvalid && rready;
    check_.clock(ar, arready);

    if (address_taken) bursts_.push_back({ar.address, ar.len + 1u, cycle + latency_});
    if (beat_taken) rvalid = false;
    if (!rvalid && !bursts_.empty() && bursts_.front().when <= cycle && !stalls_.stall()) {
        AxiBurst &burst = bursts_.front();
        rresp = memory_.read(burst.address, rdata);
        rlast = burst.beats == 1;
        rvalid = true;
        burst.address += BEAT_BYTES;
        if (--burst.beats == 0) bursts_.pop_front();
    }
    const bool idle = bursts_.empty() && !ar.valid;
    arready = idle || (bursts_.size() < MAX_OUTSTANDING && !stalls_.stall());
    return address_taken || beat_taken;
}

DdrWritePort::DdrWritePort(DdrMemory &memory, unsigned latency, double stall_probability, uint64_t seed,
                           const char *channel, const char *data_channel)
    : memory_(memory), latency_(latency), stalls_(seed, stall_probability), check_(channel),
      data_channel_(data_channel) {}

void DdrWritePort::note(const char *message) {
    if (violation_.empty()) violation_ = std::string(data_channel_) + ": " + message;
}

void DdrWritePort::take_beat(uint64_t cycle, const AxiWriteBeat &w) {
    AxiBurst &burst = bursts_.front();
    const AxiResponse response = memory_.write(burst.address, w.data, w.strobes);
    if (response > burst_response_) burst_response_ = response;
    burst.address += BEAT_BYTES;
    if (w.last != (burst.beats == 1)) note("WLAST is not on the last beat of the burst");
    if (--burst.beats == 0) {
        responses_.push_back({cycle + latency_, burst_response_});
        burst_response_ = AXI_OKAY;
        bursts_.pop_front();
    }
}

bool DdrWritePort::clock(uint64_t cycle, const AxiAddress &aw, const AxiWriteBeat &w, bool bready) {
    const bool address_taken = aw.valid && awready;
    const bool beat_taken = w.valid && wready;
    const bool response_taken = bvalid && bready;
    check_.clock(aw, awready);
    if (held_.valid && !(w == held_)) note("data changed while they waited for ready");
    held_ = w;
    held_.valid = w.valid && !wready;

    if (beat_taken) take_beat(cycle, w);
    if (address_taken) bursts_.push_back({aw.address, aw.len + 1u, cycle});
    if (response_taken) bvalid = false;
    if (!bvalid && !responses_.empty() && responses_.front().when <= cycle && !stalls_.stall()) {
        bresp = responses_.front().code;
        bvalid = true;
        responses_.pop_front();
    }
    const bool idle = bursts_.empty() && responses_.empty() && !aw.valid;
    awready = idle || (bursts_.size() + responses_.size() < MAX_OUTSTANDING && !stalls_.stall());
    wready = !bursts_.empty() && !stalls_.stall();
    return address_taken || beat_taken || response_taken;
}
