#include "soc_sim.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "Vsoc.h"
#include "ddr_model.h"
#include "soc_ports.h"
#include "verilated.h"
#include "waveform.h"

struct soc;

namespace {
constexpr unsigned RESET_CYCLES = 16;
constexpr unsigned RESPONSE_LIMIT = 10000;

// Registers of the DMA (PG021) that begin a transfer or, with the bit of DMACR, end all
constexpr uint32_t DMA_CHANNEL = 0x30;  // from MM2S to S2MM
constexpr uint32_t DMACR = 0x00, TAILDESC = 0x10, TAILDESC_MSB = 0x14, LENGTH = 0x28;
constexpr uint32_t DMACR_RESET = 4;

// A port of the model of up to 64 bits, whichever of Verilator's types it has.
class Signal {
  public:
    template <typename Type>
    explicit Signal(Type &signal) : at_(&signal), bytes_(sizeof signal) {}
    void operator=(uint32_t value) {
        const uint64_t whole = value;
        std::memcpy(at_, &whole, bytes_);
    }

  private:
    void *at_;
    size_t bytes_;
};

// The signals of one AXI4-Lite slave.
struct AxiLiteSlave {
    unsigned address_bits;
    Signal awaddr, araddr;
    CData &awvalid, &awready, &wvalid, &wready, &bresp, &bvalid, &bready;
    CData &arvalid, &arready, &rresp, &rvalid, &rready;
    IData &wdata, &rdata;

    uint32_t address(uint32_t whole) const { return address_bits < 32 ? whole & ((1u << address_bits) - 1) : whole; }
};

#define AXI_LITE_SLAVE(name, address_bits)                                                                       \
    {address_bits,        Signal(top.name##_awaddr), Signal(top.name##_araddr), top.name##_awvalid,              \
     top.name##_awready,  top.name##_wvalid,         top.name##_wready,         top.name##_bresp,                \
     top.name##_bvalid,   top.name##_bready,         top.name##_arvalid,        top.name##_arready,              \
     top.name##_rresp,    top.name##_rvalid,         top.name##_rready,         top.name##_wdata,                \
     top.name##_rdata},

// A port with an identifier of a transaction, or none
#define TAKE_WITH_ID(signal) (signal)
#define TAKE_NO_ID(signal) 0
#define GIVE_WITH_ID(signal, value) signal = value;
#define GIVE_NO_ID(signal, value)

// Beats between the DDR's ports and Verilator's types, of the same size: integers, and arrays of 32-bit words above 64 bits
template <typename Type, typename Beat>
void copy_beat(Type &to, const Beat &from) {
    std::memcpy(&to, &from, sizeof from < sizeof to ? sizeof from : sizeof to);
}

template <typename Type>
AxiData<sizeof(Type)> beat_of(const Type &signal) {
    AxiData<sizeof(Type)> beat;
    std::memcpy(&beat, &signal, sizeof beat);
    return beat;
}

template <>
inline AxiData<8> beat_of<QData>(const QData &signal) {
    return signal;
}

// What has moved on one of the streams.
struct Stream {
    int slave;         // the DMA's that it belongs to, or -1
    uint32_t channel;  // the DMA's first register of it
    uint64_t beats = 0;
    bool last = false;

    Stream(int slave, uint32_t channel) : slave(slave), channel(channel) {}
    bool receives() const { return channel == DMA_CHANNEL; }
    // So many beats move. S2MM takes some of the next packet before its transfer begins: they count for that
    bool clock(unsigned moved, bool is_last) {
        if (moved && last && receives()) forget();
        beats += moved;
        last = last || (moved && is_last);
        return moved != 0;
    }
    void forget() {
        beats = 0;
        last = false;
    }
};

// The model that this thread steps: Verilator's hooks for $stop have no argument that tells.
thread_local soc *stepping = nullptr;
}  // namespace

struct soc {
    explicit soc(const soc_config_t &config);
    ~soc() {
        waveform.close();
        top.final();
    }

    // One clock cycle. `observe` sees the settled signals just before the rising edge.
    template <typename Observer>
    void step(Observer observe);
    void step() {
        step([] {});
    }

    int read(size_t slave, uint32_t address, uint32_t &value);
    int write(size_t slave, uint32_t address, uint32_t value);
    const char *violation() const;
    const char *take_stray(uint64_t &address, uint32_t &bytes);
    void printed(const char *format, va_list arguments);
    void assertion_failed(const char *file, int line);

    VerilatedContext context;
    Vsoc top;
    DdrMemory memory;
#define READ_PORT(name, channel, id, rules, seed) DdrReadPort<sizeof(Vsoc::name##_rdata)> name##_read;
#define WRITE_PORT(name, channel, data_channel, id, rules, seed) DdrWritePort<sizeof(Vsoc::name##_wdata)> name##_write;
#define STREAM(name, slave, channel) Stream name##_stream;
    SOC_READERS(READ_PORT)
    SOC_WRITERS(WRITE_PORT)
    SOC_STREAMS(STREAM)
#undef READ_PORT
#undef WRITE_PORT
#undef STREAM
    std::vector<AxiLiteSlave> slaves;
    std::vector<Stream *> streams;
    std::vector<StallGenerator *> stalls;
    uint64_t cycle = 0;
    uint64_t last_activity = 0;
    Waveform waveform;
    std::string failed_assertion;
    std::string text;        // of the latest $display
    uint64_t text_cycle = 0;  // its cycle

  private:
    void drive_ddr();
    bool clock_ddr();
    bool clock_streams();
    void forget_streams(int slave, uint32_t address, uint32_t value);

    // Before any register of the model exists: what no reset sets starts random, as on a board.
    static VerilatedContext *randomised(VerilatedContext &context, uint64_t seed);
};

VerilatedContext *soc::randomised(VerilatedContext &context, uint64_t seed) {
    context.randReset(2);
    context.randSeed(static_cast<int>(seed & 0x7FFFFFFF) | 1);
    context.traceEverOn(true);
    return &context;
}

soc::soc(const soc_config_t &config)
    : top(randomised(context, config.seed), "soc"),
      memory(config.ddr_base, config.ddr_size, config.ddr_data, config.ddr_pages),
#define READ_PORT(name, channel, id, rules, seed_of) \
    name##_read(memory, config.latency, config.stall_probability, config.seed ^ seed_of, channel, AxiRules::rules),
#define WRITE_PORT(name, channel, data_channel, id, rules, seed_of)                                              \
    name##_write(memory, config.latency, config.stall_probability, config.seed ^ seed_of, channel, data_channel, \
                 AxiRules::rules),
#define STREAM(name, slave, channel) name##_stream(slave, channel),
      SOC_READERS(READ_PORT) SOC_WRITERS(WRITE_PORT) SOC_STREAMS(STREAM)
#undef READ_PORT
#undef WRITE_PORT
#undef STREAM
      slaves{SOC_SLAVES(AXI_LITE_SLAVE)} {
#define READ_PORT(name, channel, id, rules, seed) stalls.push_back(&name##_read.stalls());
#define WRITE_PORT(name, channel, data_channel, id, rules, seed) stalls.push_back(&name##_write.stalls());
#define STREAM(name, slave, channel) streams.push_back(&name##_stream);
    SOC_READERS(READ_PORT)
    SOC_WRITERS(WRITE_PORT)
    SOC_STREAMS(STREAM)
#undef READ_PORT
#undef WRITE_PORT
#undef STREAM
    for (AxiLiteSlave &slave : slaves) {
        slave.awvalid = slave.wvalid = slave.arvalid = 0;
        slave.bready = slave.rready = 1;
    }
    top.aresetn = 0;
    for (unsigned i = 0; i < RESET_CYCLES; ++i) step();
    top.aresetn = 1;
    step();
}

void soc::drive_ddr() {
#define READ_PORT(name, channel, id, rules, seed)   \
    top.name##_arready = name##_read.arready;       \
    top.name##_rvalid = name##_read.rvalid;         \
    copy_beat(top.name##_rdata, name##_read.rdata); \
    top.name##_rresp = name##_read.rresp;           \
    top.name##_rlast = name##_read.rlast;           \
    GIVE_##id(top.name##_rid, name##_read.rid)
#define WRITE_PORT(name, channel, data_channel, id, rules, seed) \
    top.name##_awready = name##_write.awready;                   \
    top.name##_wready = name##_write.wready;                     \
    top.name##_bvalid = name##_write.bvalid;                     \
    top.name##_bresp = name##_write.bresp;                       \
    GIVE_##id(top.name##_bid, name##_write.bid)
    SOC_READERS(READ_PORT)
    SOC_WRITERS(WRITE_PORT)
#undef READ_PORT
#undef WRITE_PORT
}

// True if anything moved.
bool soc::clock_ddr() {
    bool moved = false;
#define READ_PORT(name, channel, id, rules, seed)                                                           \
    moved |= name##_read.clock(cycle,                                                                       \
                               {top.name##_araddr, top.name##_arlen, top.name##_arsize, top.name##_arburst, \
                                top.name##_arvalid != 0, TAKE_##id(top.name##_arid)},                       \
                               top.name##_rready);
#define WRITE_PORT(name, channel, data_channel, id, rules, seed)                                             \
    moved |= name##_write.clock(cycle,                                                                       \
                                {top.name##_awaddr, top.name##_awlen, top.name##_awsize, top.name##_awburst, \
                                 top.name##_awvalid != 0, TAKE_##id(top.name##_awid)},                       \
                                {beat_of(top.name##_wdata), top.name##_wstrb, top.name##_wlast != 0,         \
                                 top.name##_wvalid != 0},                                                    \
                                top.name##_bready);
    SOC_READERS(READ_PORT)
    SOC_WRITERS(WRITE_PORT)
#undef READ_PORT
#undef WRITE_PORT
    return moved;
}

// True if a beat moved on any.
bool soc::clock_streams() {
    bool moved = false;
#define STREAM(name, slave, channel) moved |= name##_stream.clock(top.name##_beat, top.name##_last);
    SOC_STREAMS(STREAM)
#undef STREAM
    return moved;
}

template <typename Observer>
void soc::step(Observer observe) {
    stepping = this;
    top.aclk = 0;
    drive_ddr();
    top.eval();
    waveform.dump(SOC_BEGINS(top));

    observe();
    if (top.aresetn) {
        const bool streamed = clock_streams();
        if (clock_ddr() || streamed || SOC_MOVED(top)) last_activity = cycle;
    }

    top.aclk = 1;
    top.eval();
    waveform.dump_edge();
    ++cycle;
}

void soc::forget_streams(int slave, uint32_t address, uint32_t value) {
    const uint32_t channel = address < DMA_CHANNEL ? 0 : DMA_CHANNEL, offset = address - channel;
    const bool reset = offset == DMACR && (value & DMACR_RESET);
    const bool begin = offset == TAILDESC || offset == TAILDESC_MSB || offset == LENGTH;
    for (Stream *stream : streams) {
        const bool begins = begin && stream->channel == channel && (!stream->receives() || stream->last);
        if (stream->slave == slave && (reset || begins)) stream->forget();
    }
}

int soc::read(size_t slave, uint32_t address, uint32_t &value) {
    AxiLiteSlave &port = slaves[slave];
    bool address_taken = false, done = false;
    int response = SOC_NO_RESPONSE;
    port.araddr = port.address(address);
    port.arvalid = 1;
    for (unsigned i = 0; i < RESPONSE_LIMIT && !done; ++i) {
        step([&] {
            address_taken = port.arvalid && port.arready;
            done = port.rvalid;
            if (done) {
                value = port.rdata;
                response = port.rresp;
            }
        });
        if (address_taken) port.arvalid = 0;
    }
    port.arvalid = 0;
    return response;
}

int soc::write(size_t slave, uint32_t address, uint32_t value) {
    AxiLiteSlave &port = slaves[slave];
    bool address_taken = false, data_taken = false, done = false;
    int response = SOC_NO_RESPONSE;
    forget_streams(static_cast<int>(slave), port.address(address), value);
    port.awaddr = port.address(address);
    port.wdata = value;
    port.awvalid = port.wvalid = 1;
    for (unsigned i = 0; i < RESPONSE_LIMIT && !done; ++i) {
        step([&] {
            address_taken = port.awvalid && port.awready;
            data_taken = port.wvalid && port.wready;
            done = port.bvalid;
            if (done) response = port.bresp;
        });
        if (address_taken) port.awvalid = 0;
        if (data_taken) port.wvalid = 0;
    }
    port.awvalid = port.wvalid = 0;
    return response;
}

const char *soc::violation() const {
    if (!failed_assertion.empty()) return failed_assertion.c_str();
#define READ_PORT(name, channel, id, rules, seed) \
    if (!name##_read.violation().empty()) return name##_read.violation().c_str();
#define WRITE_PORT(name, channel, data_channel, id, rules, seed) \
    if (!name##_write.violation().empty()) return name##_write.violation().c_str();
    SOC_READERS(READ_PORT)
    SOC_WRITERS(WRITE_PORT)
#undef READ_PORT
#undef WRITE_PORT
    return "";
}

// Of masters that are no DMA, whose registers say nothing beforehand of what they will touch.
const char *soc::take_stray(uint64_t &address, uint32_t &bytes) {
    const auto take = [&](AxiRules rules, AxiStray &stray) {
        if (rules == AxiRules::DMA || !stray.bytes) return false;
        address = stray.address;
        bytes = stray.bytes;
        stray = {};
        return true;
    };
#define READ_PORT(name, channel, id, rules, seed) \
    if (take(AxiRules::rules, name##_read.stray)) return channel;
#define WRITE_PORT(name, channel, data_channel, id, rules, seed) \
    if (take(AxiRules::rules, name##_write.stray)) return channel;
    SOC_READERS(READ_PORT)
    SOC_WRITERS(WRITE_PORT)
#undef READ_PORT
#undef WRITE_PORT
    return nullptr;
}

void soc::assertion_failed(const char *file, int line) {
    if (!failed_assertion.empty()) return;
    failed_assertion = std::string("assertion failed at ") + file + ":" + std::to_string(line);
    if (!text.empty() && text_cycle == cycle) failed_assertion += ": " + text;
}

void soc::printed(const char *format, va_list arguments) {
    char line[512];
    std::vsnprintf(line, sizeof line, format, arguments);
    text = line;
    text.erase(text.find_last_not_of('\n') + 1);
    text_cycle = cycle;
}

// $stop and $fatal end up here instead of ending the process.
void vl_stop(const char *filename, int linenum, const char *) { stepping->assertion_failed(filename, linenum); }

void vl_fatal(const char *filename, int linenum, const char *, const char *) {
    stepping->assertion_failed(filename, linenum);
}

extern "C" {

// Verilator's library prints by these what the RTL displays; it still goes to standard output.
static int print(const char *format, va_list arguments) {
    va_list copy;
    va_copy(copy, arguments);
    if (stepping) stepping->printed(format, copy);
    va_end(copy);
    return std::vprintf(format, arguments);
}

int __wrap_printf(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int count = print(format, arguments);
    va_end(arguments);
    return count;
}

int __wrap___printf_chk(int, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int count = print(format, arguments);
    va_end(arguments);
    return count;
}

soc_t *soc_create(const soc_config_t *config) {
    const uint64_t page = uint64_t{1} << DdrMemory::PAGE_BITS;
    if (config->ddr_size < page || config->ddr_size % page != 0) return nullptr;
    if (!config->ddr_data || !config->ddr_pages) return nullptr;
    if (!(config->stall_probability >= 0.0 && config->stall_probability < 1.0)) return nullptr;
    return new soc(*config);
}

void soc_destroy(soc_t *soc) { delete soc; }

int soc_read(soc_t *soc, uint32_t slave, uint32_t address, uint32_t *value) { return soc->read(slave, address, *value); }

int soc_write(soc_t *soc, uint32_t slave, uint32_t address, uint32_t value) { return soc->write(slave, address, value); }

void soc_run(soc_t *soc, uint64_t cycles) {
    for (uint64_t i = 0; i < cycles; ++i) soc->step();
}

uint64_t soc_cycles(const soc_t *soc) { return soc->cycle; }

uint64_t soc_last_activity(const soc_t *soc) { return soc->last_activity; }

uint64_t soc_interrupts(const soc_t *soc) {
    uint64_t lines = 0;
    unsigned line = 0;
    (void)soc;
#define INTERRUPT(name) lines |= uint64_t{soc->top.name != 0} << line++;
    SOC_INTERRUPTS(INTERRUPT)
#undef INTERRUPT
    return line ? lines : 0;
}

uint64_t soc_stream(const soc_t *soc, uint32_t stream, int *last) {
    *last = soc->streams[stream]->last;
    return soc->streams[stream]->beats;
}

void soc_bursts(const soc_t *soc, uint64_t *taken, uint64_t *outstanding) {
    (void)soc;
    (void)taken;
    (void)outstanding;
#define READ_PORT(name, channel, id, rules, seed) \
    *taken++ = soc->name##_read.taken();          \
    *outstanding++ = soc->name##_read.outstanding();
#define WRITE_PORT(name, channel, data_channel, id, rules, seed) \
    *taken++ = soc->name##_write.taken();                        \
    *outstanding++ = soc->name##_write.outstanding();
    SOC_READERS(READ_PORT)
    SOC_WRITERS(WRITE_PORT)
#undef READ_PORT
#undef WRITE_PORT
}

const char *soc_violation(const soc_t *soc) { return soc->violation(); }

const char *soc_stray(soc_t *soc, uint64_t *address, uint32_t *bytes) { return soc->take_stray(*address, *bytes); }

void soc_get_stalls(const soc_t *soc, uint64_t *states) {
    for (const StallGenerator *generator : soc->stalls) *states++ = generator->state();
}

void soc_set_stalls(soc_t *soc, const uint64_t *states) {
    for (StallGenerator *generator : soc->stalls) generator->set_state(*states++);
}

int soc_trace(soc_t *soc, const char *file, uint64_t first, uint64_t last) {
    return soc->waveform.open(soc->top, file, first, last) ? 0 : -1;
}
}
