#include "ddr_model.h"

#include <cmath>
#include <sstream>

namespace {
constexpr unsigned DMA_MAX_BEATS = 16;  // AXI3, as the HP ports of Zynq-7000 take them
constexpr unsigned FIXED_MAX_BEATS = 16;
constexpr uint64_t BOUNDARY = 4096;
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

const char *AxiAddressCheck::broken_dma_rule(const AxiAddress &now) const {
    const unsigned beats = now.len + 1u;
    if (1u << now.size != bytes_ || now.burst != AXI_INCR) return "not an INCR burst of whole beats";
    if (now.address % bytes_ != 0) return "address is not a multiple of a beat";
    if (beats > DMA_MAX_BEATS) return "burst is longer than the 16 beats of AXI3";
    if (now.address % BOUNDARY + beats * bytes_ > BOUNDARY) return "burst crosses a 4 KiB boundary";
    return nullptr;
}

const char *AxiAddressCheck::broken_axi4_rule(const AxiAddress &now) const {
    const unsigned beats = now.len + 1u, bytes = 1u << now.size;
    if (bytes > bytes_) return "AxSIZE is larger than the bus is wide";
    if (now.burst > AXI_WRAP) return "AxBURST is 3, which is reserved";
    if (now.burst == AXI_FIXED && beats > FIXED_MAX_BEATS) return "FIXED burst of more than 16 beats";
    if (now.burst == AXI_WRAP) {
        if (beats != 2 && beats != 4 && beats != 8 && beats != 16) return "WRAP burst is not of 2, 4, 8 or 16 beats";
        if (now.address % bytes != 0) return "address of a WRAP burst is not a multiple of its beats' size";
    }
    if (now.burst == AXI_INCR && (now.address & -uint64_t{bytes}) % BOUNDARY + beats * bytes > BOUNDARY) {
        return "burst crosses a 4 KiB boundary";
    }
    return nullptr;
}

void AxiAddressCheck::note(const char *rule, const AxiAddress &now) {
    if (!violation_.empty()) return;
    std::ostringstream message;
    message << channel_ << ": " << rule << " (address 0x" << std::hex << now.address << std::dec << ", " << now.len + 1u
            << " beats)";
    violation_ = message.str();
}
