// A waveform of some cycles, where the model is built with tracing (VM_TRACE); else nothing.
#pragma once

#include <cstdint>

#include "Vsoc.h"

#if VM_TRACE
#include <memory>

#include "verilated_fst_c.h"

class Waveform {
  public:
    // Cycles [first, last) from the next beat of the first stream on; false: the file cannot be written.
    bool open(Vsoc &top, const char *file, uint64_t first, uint64_t last) {
        close();
        fst_ = std::make_unique<VerilatedFstC>();
        top.trace(fst_.get(), DEPTH);
        fst_->open(file);
        first_ = first;
        last_ = last;
        begun_ = false;
        cycle_ = 0;
        return fst_->isOpen();
    }

    // Before a rising edge.
    void dump(bool begins) {
        if (!fst_) return;
        begun_ = begun_ || begins;
        if (in_window()) fst_->dump(cycle_ * PERIOD);
    }

    // After it.
    void dump_edge() {
        if (!fst_) return;
        if (in_window()) fst_->dump(cycle_ * PERIOD + PERIOD / 2);
        if (begun_ && ++cycle_ == last_) close();
    }

    void close() {
        if (fst_) fst_->close();
        fst_.reset();
    }

  private:
    static constexpr int DEPTH = 99;
    static constexpr uint64_t PERIOD = 10;

    bool in_window() const { return begun_ && cycle_ >= first_ && cycle_ < last_; }

    std::unique_ptr<VerilatedFstC> fst_;
    uint64_t first_ = 0, last_ = 0, cycle_ = 0;
    bool begun_ = false;
};

#else

class Waveform {
  public:
    bool open(Vsoc &, const char *, uint64_t, uint64_t) { return false; }
    void dump(bool) {}
    void dump_edge() {}
    void close() {}
};

#endif
