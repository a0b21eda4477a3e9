// Tests of the DDR model by itself. Prints each failed check, and exits with 1 if there was one.
#include "ddr_model.h"

#include <cstdio>
#include <vector>

namespace {
constexpr uint64_t BASE = 0x800000000ULL;
constexpr uint64_t SIZE = 4 * 4096;
int failures = 0;

#define CHECK(condition)                                                     \
    do {                                                                     \
        if (!(condition)) {                                                  \
            std::printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);      \
            ++failures;                                                      \
        }                                                                    \
    } while (0)

// Two allocated pages, then two that are not.
struct Fixture {
    std::vector<uint8_t> data = std::vector<uint8_t>(SIZE);
    std::vector<uint8_t> pages = {1, 1, 0, 0};
    DdrMemory memory{BASE, SIZE, data.data(), pages.data()};

    Fixture() {
        for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<uint8_t>(i * 7 + (i >> 8));
    }
};

AxiAddress burst(uint64_t address, unsigned beats) {
    return {address, static_cast<uint8_t>(beats - 1), 3, 1, true};
}

struct ReadBeat {
    uint64_t cycle, data;
    uint8_t response;
    bool last;
};

// Issues the bursts as fast as the port takes them, with rready high, and returns the beats.
std::vector<ReadBeat> read_all(DdrReadPort<8> &port, std::vector<AxiAddress> bursts, uint64_t cycles) {
    std::vector<ReadBeat> beats;
    size_t next = 0;
    for (uint64_t cycle = 0; cycle < cycles; ++cycle) {
        const AxiAddress ar = next < bursts.size() ? bursts[next] : AxiAddress{};
        if (port.rvalid) beats.push_back({cycle, port.rdata, port.rresp, port.rlast});
        if (ar.valid && port.arready) ++next;
        port.clock(cycle, ar, true);
    }
    return beats;
}

void reads_arrive_in_order_after_the_latency() {
    Fixture fixture;
    DdrReadPort<8> port(fixture.memory, 40, 0.0, 1);
    const auto beats = read_all(port, {burst(BASE, 16), burst(BASE + 128, 2), burst(BASE + 4088, 1)}, 200);
    CHECK(beats.size() == 19);
    CHECK(beats.front().cycle == 1 + 40 + 1);  // arready rises in cycle 1; the data stand in the cycle after the edge
    CHECK(beats.back().cycle == beats.front().cycle + 18);  // many outstanding: no gap between bursts
    for (size_t i = 0; i < beats.size(); ++i) {
        uint64_t expected = 0;
        fixture.memory.read(i < 18 ? BASE + 8 * i : BASE + 4088, expected);
        CHECK(beats[i].data == expected);
        CHECK(beats[i].response == AXI_OKAY);
        CHECK(beats[i].last == (i == 15 || i == 17 || i == 18));
    }
    CHECK(port.violation().empty());
}

void stalls_withhold_beats_but_lose_none() {
    Fixture fixture;
    std::vector<AxiAddress> bursts;
    for (unsigned i = 0; i < 64; ++i) bursts.push_back(burst(BASE + 128 * i, 16));
    DdrReadPort<8> port(fixture.memory, 10, 0.25, 7);
    const auto beats = read_all(port, bursts, 4000);
    CHECK(beats.size() == 1024);
    const uint64_t cycles = beats.back().cycle - beats.front().cycle + 1;
    CHECK(cycles > 1200 && cycles < 1550);  // 1024 / 0.75 = 1365
    for (size_t i = 0; i < beats.size(); ++i) {
        uint64_t expected = 0;
        fixture.memory.read(BASE + 8 * i, expected);
        CHECK(beats[i].data == expected);
    }
}

void addresses_outside_are_refused() {
    Fixture fixture;
    uint64_t data = 0;
    CHECK(fixture.memory.read(BASE + 8184, data) == AXI_OKAY);
    CHECK(fixture.memory.read(BASE + 8192, data) == AXI_SLVERR);
    CHECK(fixture.memory.read(BASE + SIZE - 8, data) == AXI_SLVERR);
    CHECK(fixture.memory.read(BASE + SIZE, data) == AXI_DECERR);
    CHECK(fixture.memory.read(BASE - 8, data) == AXI_DECERR);
    CHECK(fixture.memory.read(0, data) == AXI_DECERR);
    const std::vector<uint8_t> before = fixture.data;
    CHECK(fixture.memory.write(BASE + 8192, 0, 0xFF) == AXI_SLVERR);
    CHECK(fixture.memory.write(BASE + SIZE, 0, 0xFF) == AXI_DECERR);
    CHECK(fixture.data == before);
    CHECK(fixture.memory.write(BASE, 0x8877665544332211ULL, 0xA5) == AXI_OKAY);
    for (unsigned i = 0; i < 8; ++i) CHECK(fixture.data[i] == (0xA5 >> i & 1 ? 0x11 * (i + 1) : before[i]));
}

void writes_are_answered_once_with_the_worst_response() {
    Fixture fixture;
    DdrWritePort<8> port(fixture.memory, 20, 0.1, 3);
    const std::vector<AxiAddress> bursts = {burst(BASE, 2), burst(BASE + 8192 - 8, 1), burst(BASE + 8192, 2)};
    const std::vector<uint8_t> expected = {AXI_OKAY, AXI_OKAY, AXI_SLVERR};
    const std::vector<AxiWriteBeat<8>> beats = {
        {1, 0xFF, false, true}, {2, 0xFF, true, true},  // first burst
        {3, 0xFF, true, true},                          // second
        {4, 0xFF, false, true}, {5, 0xFF, true, true}};
    std::vector<uint8_t> responses;
    size_t burst_index = 0, beat_index = 0;
    for (uint64_t cycle = 0; cycle < 400; ++cycle) {
        const AxiAddress aw = burst_index < bursts.size() ? bursts[burst_index] : AxiAddress{};
        const AxiWriteBeat<8> w = beat_index < beats.size() ? beats[beat_index] : AxiWriteBeat<8>{};
        burst_index += aw.valid && port.awready;
        beat_index += w.valid && port.wready;
        if (port.bvalid) responses.push_back(port.bresp);
        port.clock(cycle, aw, w, true);
    }
    CHECK(responses == expected);
    CHECK(fixture.data[0] == 1 && fixture.data[8] == 2 && fixture.data[8184] == 3);
    CHECK(port.violation().empty());
}

// As data and descriptors have them: each port stalls by itself, and what one has written another one reads.
void ports_share_the_memory() {
    Fixture fixture;
    DdrWritePort<8> data(fixture.memory, 5, 0.0, 1), status(fixture.memory, 5, 0.3, 2, "SG AW", "SG W");
    DdrReadPort<8> descriptors(fixture.memory, 5, 0.3, 3, "SG AR");
    const uint64_t idle_state = DdrWritePort<8>(fixture.memory, 5, 0.3, 2).stalls().state();
    bool data_addressed = false, data_sent = false;
    for (uint64_t cycle = 0; cycle < 40; ++cycle) {
        const AxiAddress aw = data_addressed ? AxiAddress{} : burst(BASE + 64, 1);
        const AxiWriteBeat<8> w = {0x1234, 0xFF, true, !data_sent};
        data_addressed = data_addressed || data.awready;
        data_sent = data_sent || data.wready;
        data.clock(cycle, aw, w, true);
        status.clock(cycle, AxiAddress{}, AxiWriteBeat<8>{}, true);
        descriptors.clock(cycle, AxiAddress{}, true);
    }
    CHECK(data_sent);
    CHECK(status.stalls().state() == idle_state);  // a port without work takes no decision
    const auto beats = read_all(descriptors, {burst(BASE + 64, 1)}, 60);
    CHECK(beats.size() == 1 && beats[0].data == 0x1234);
    const AxiAddress askew = burst(BASE + 4, 1);
    descriptors.clock(100, askew, true);
    status.clock(100, askew, AxiWriteBeat<8>{}, true);
    CHECK(descriptors.violation().rfind("SG AR: address", 0) == 0);
    CHECK(status.violation().rfind("SG AW: address", 0) == 0);
}

std::string address_violation(AxiAddress first, AxiAddress second) {
    Fixture fixture;
    DdrReadPort<8> port(fixture.memory, 1, 0.0, 1);
    port.clock(0, first, true);  // arready is low in the first cycle: the address waits
    port.clock(1, second, true);
    return port.violation();
}

void broken_rules_are_named() {
    const AxiAddress good = burst(BASE + 4096 - 128, 16);
    CHECK(address_violation(good, good).empty());
    CHECK(address_violation(good, burst(BASE, 16)).find("changed") != std::string::npos);
    CHECK(address_violation(good, AxiAddress{}).find("changed") != std::string::npos);
    const AxiAddress crossing = burst(BASE + 4096 - 120, 16);
    CHECK(address_violation(crossing, crossing).find("4 KiB") != std::string::npos);
    const AxiAddress too_long = burst(BASE, 17);
    CHECK(address_violation(too_long, too_long).find("AXI3") != std::string::npos);
    const AxiAddress askew = burst(BASE + 4, 1);
    CHECK(address_violation(askew, askew).find("multiple of a beat") != std::string::npos);
    AxiAddress narrow = burst(BASE, 1);
    narrow.size = 2;
    CHECK(address_violation(narrow, narrow).find("whole beats") != std::string::npos);

    Fixture fixture;
    DdrWritePort<8> port(fixture.memory, 1, 0.0, 1);
    for (uint64_t cycle = 0; cycle < 4; ++cycle) {
        port.clock(cycle, cycle == 1 ? burst(BASE, 2) : AxiAddress{}, {0, 0xFF, true, cycle > 1}, true);
    }
    CHECK(port.violation().find("WLAST") != std::string::npos);
}

// The bytes that a master picks from the lanes of a burst's beats, and the identifier of the answer.
template <unsigned BYTES>
std::vector<uint8_t> read_lanes(Fixture &fixture, AxiAddress ar, std::string *violation = nullptr) {
    DdrReadPort<BYTES> port(fixture.memory, 2, 0.2, 5, "AR", AxiRules::AXI4);
    std::vector<uint8_t> bytes;
    AxiBurst at(ar, 0);
    for (uint64_t cycle = 0; cycle < 4000 && at.beats; ++cycle) {
        if (port.rvalid) {
            const uint64_t end = (at.address & -uint64_t{at.bytes}) + at.bytes;
            for (uint64_t address = at.address; address < end; ++address) {
                bytes.push_back(reinterpret_cast<const uint8_t *>(&port.rdata)[address % BYTES]);
            }
            CHECK(port.rid == ar.id);
            CHECK(port.rlast == (at.beats == 1));
            at.next();
        }
        const bool taken = ar.valid && port.arready;
        port.clock(cycle, ar, true);
        if (taken) ar.valid = false;
    }
    if (violation) *violation = port.violation();
    return bytes;
}

std::vector<uint8_t> slice(const Fixture &fixture, std::vector<uint64_t> offsets) {
    std::vector<uint8_t> bytes;
    for (uint64_t offset : offsets) bytes.push_back(fixture.data[offset]);
    return bytes;
}

std::vector<uint64_t> range(uint64_t first, uint64_t end) {
    std::vector<uint64_t> offsets;
    for (uint64_t offset = first; offset < end; ++offset) offsets.push_back(offset);
    return offsets;
}

void bursts_of_axi4_touch_what_they_should() {
    Fixture fixture;
    const auto ask = [](uint64_t offset, unsigned beats, uint8_t size, uint8_t type) {
        return AxiAddress{BASE + offset, static_cast<uint8_t>(beats - 1), size, type, true, 9};
    };
    CHECK(read_lanes<4>(fixture, ask(0, 256, 2, AXI_INCR)) == slice(fixture, range(0, 1024)));
    CHECK(read_lanes<64>(fixture, ask(64, 3, 6, AXI_INCR)) == slice(fixture, range(64, 256)));
    CHECK(read_lanes<16>(fixture, ask(21, 3, 4, AXI_INCR)) == slice(fixture, range(21, 64)));  // not aligned
    CHECK(read_lanes<16>(fixture, ask(6, 5, 1, AXI_INCR)) == slice(fixture, range(6, 16)));    // narrow
    CHECK(read_lanes<2>(fixture, ask(3, 2, 0, AXI_INCR)) == slice(fixture, range(3, 5)));
    CHECK(read_lanes<4>(fixture, ask(8, 2, 2, AXI_FIXED)) == slice(fixture, {8, 9, 10, 11, 8, 9, 10, 11}));
    std::vector<uint64_t> wrapped = range(40, 64);
    for (uint64_t offset : range(32, 40)) wrapped.push_back(offset);
    CHECK(read_lanes<8>(fixture, ask(40, 4, 3, AXI_WRAP)) == slice(fixture, wrapped));
}

void writes_of_axi4_keep_to_their_lanes() {
    Fixture fixture;
    const std::vector<uint8_t> before = fixture.data;
    DdrWritePort<4> port(fixture.memory, 2, 0.0, 1, "AW", "W", AxiRules::AXI4);
    AxiAddress aw{BASE + 5, 1, 1, AXI_INCR, true, 3};  // one byte, then two
    std::vector<AxiWriteBeat<4>> beats = {{{1, 2, 3, 4}, 0x2, false, true}, {{5, 6, 7, 8}, 0xC, true, true}};
    size_t next = 0;
    for (uint64_t cycle = 0; cycle < 40; ++cycle) {
        const AxiWriteBeat<4> w = next < beats.size() ? beats[next] : AxiWriteBeat<4>{};
        next += w.valid && port.wready;
        const bool taken = aw.valid && port.awready;
        if (port.bvalid) CHECK(port.bid == 3 && port.bresp == AXI_OKAY);
        port.clock(cycle, aw, w, true);
        if (taken) aw.valid = false;
    }
    CHECK(fixture.data[5] == 2 && fixture.data[6] == 7 && fixture.data[7] == 8);
    CHECK(fixture.data[4] == before[4] && fixture.data[8] == before[8]);
    CHECK(port.violation().empty() && !port.stray.bytes && port.taken() == 1 && port.outstanding() == 0);
    aw = {BASE + 8192, 0, 2, AXI_INCR, true, 0};
    beats = {{{0, 0, 0, 0}, 0xF, true, true}};
    next = 0;
    for (uint64_t cycle = 40; cycle < 80; ++cycle) {
        const AxiWriteBeat<4> w = next < beats.size() ? beats[next] : AxiWriteBeat<4>{};
        next += w.valid && port.wready;
        const bool taken = aw.valid && port.awready;
        port.clock(cycle, aw, w, true);
        if (taken) aw.valid = false;
    }
    CHECK(port.stray.address == BASE + 8192 && port.stray.bytes == 4);
}

void broken_rules_of_axi4_are_named() {
    const auto violation = [](uint64_t offset, unsigned beats, uint8_t size, uint8_t type) {
        Fixture fixture;
        std::string text;
        read_lanes<8>(fixture, {BASE + offset, static_cast<uint8_t>(beats - 1), size, type, true, 0}, &text);
        return text;
    };
    CHECK(violation(4, 4, 2, AXI_INCR).empty());
    CHECK(violation(4096 - 4, 1, 3, AXI_INCR).empty());
    CHECK(violation(0, 1, 4, AXI_INCR).find("AxSIZE") != std::string::npos);
    CHECK(violation(0, 1, 3, 3).find("reserved") != std::string::npos);
    CHECK(violation(0, 17, 3, AXI_FIXED).find("FIXED") != std::string::npos);
    CHECK(violation(0, 3, 3, AXI_WRAP).find("2, 4, 8 or 16") != std::string::npos);
    CHECK(violation(4, 4, 3, AXI_WRAP).find("WRAP") != std::string::npos);
    CHECK(violation(4096 - 16, 3, 3, AXI_INCR).find("4 KiB") != std::string::npos);

    Fixture fixture;
    DdrWritePort<8> port(fixture.memory, 1, 0.0, 1, "AW", "W", AxiRules::AXI4);
    AxiAddress aw{BASE, 0, 2, AXI_INCR, true, 0};
    for (uint64_t cycle = 0; cycle < 8; ++cycle) {
        const bool taken = aw.valid && port.awready;
        port.clock(cycle, aw, {0, 0xFF, true, !aw.valid && cycle < 5}, true);
        if (taken) aw.valid = false;
    }
    CHECK(port.violation().find("outside the beat") != std::string::npos);
}
}  // namespace

int main() {
    reads_arrive_in_order_after_the_latency();
    stalls_withhold_beats_but_lose_none();
    addresses_outside_are_refused();
    writes_are_answered_once_with_the_worst_response();
    ports_share_the_memory();
    broken_rules_are_named();
    bursts_of_axi4_touch_what_they_should();
    writes_of_axi4_keep_to_their_lanes();
    broken_rules_of_axi4_are_named();
    std::printf("%d checks failed\n", failures);
    return failures ? 1 : 0;
}
