#include "soc_sim.h"

#include <array>
#include <memory>
#include <string>

#include "Vsoc.h"
#include "ddr_model.h"
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

// The signals of one AXI4-Lite slave, whichever it is. Verilator gives addresses of 9 to 16 bits this type.
struct AxiLiteSlave {
    SData &awaddr, &araddr;
    CData &awvalid, &awready, &wvalid, &wready, &bresp, &bvalid, &bready;
    CData &arvalid, &arready, &rresp, &rvalid, &rready;
    IData &wdata, &rdata;
};

#define AXI_LITE_SLAVE(name)                                                                                  \
    {                                                                                                         \
        top.s_axil_##name##_awaddr, top.s_axil_##name##_araddr, top.s_axil_##name##_awvalid,                  \
            top.s_axil_##name##_awready, top.s_axil_##name##_wvalid, top.s_axil_##name##_wready,              \
            top.s_axil_##name##_bresp, top.s_axil_##name##_bvalid, top.s_axil_##name##_bready,                \
            top.s_axil_##name##_arvalid, top.s_axil_##name##_arready, top.s_axil_##name##_rresp,              \
            top.s_axil_##name##_rvalid, top.s_axil_##name##_rready, top.s_axil_##name##_wdata,                \
            top.s_axil_##name##_rdata                                                                         \
    }

// What has moved on one of the streams.
struct Stream {
    uint64_t beats = 0;
    bool last = false;

    void clock(bool beat, bool is_last) {
        beats += beat;
        last = last || (beat && is_last);
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

    int read(int slave, uint32_t address, uint32_t &value);
    int write(int slave, uint32_t address, uint32_t value);
    std::array<StallGenerator *, SOC_STALL_STATES> stalls();
    const char *violation() const;
    void assertion_failed(const char *file, int line);

    VerilatedContext context;
    Vsoc top;
    DdrMemory memory;
    DdrReadPort read_port;
    DdrWritePort write_port;
    DdrReadPort descriptor_read_port;
    DdrWritePort descriptor_write_port;
    AxiLiteSlave slaves[3];
    uint64_t cycle = 0;
    uint64_t last_activity = 0;
    Stream program, result;
    Waveform waveform;
    std::string failed_assertion;

  private:
    void drive_ddr();
    bool clock_ddr();
    void forget_streams(uint32_t address, uint32_t value);

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
      read_port(memory, config.latency, config.stall_probability, config.seed ^ 0x5245414400000000ULL),
      write_port(memory, config.latency, config.stall_probability, config.seed ^ 0x5752495445000000ULL),
      descriptor_read_port(memory, config.latency, config.stall_probability, config.seed ^ 0x5345470052000000ULL, "SG AR"),
      descriptor_write_port(memory, config.latency, config.stall_probability, config.seed ^ 0x5345470057000000ULL, "SG AW",
                            "SG W"),
      slaves{AXI_LITE_SLAVE(dma), AXI_LITE_SLAVE(acc), AXI_LITE_SLAVE(intc)} {
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
    top.m_axi_mm2s_arready = read_port.arready;
    top.m_axi_mm2s_rvalid = read_port.rvalid;
    top.m_axi_mm2s_rdata = read_port.rdata;
    top.m_axi_mm2s_rresp = read_port.rresp;
    top.m_axi_mm2s_rlast = read_port.rlast;
    top.m_axi_s2mm_awready = write_port.awready;
    top.m_axi_s2mm_wready = write_port.wready;
    top.m_axi_s2mm_bvalid = write_port.bvalid;
    top.m_axi_s2mm_bresp = write_port.bresp;
    top.m_axi_sg_arready = descriptor_read_port.arready;
    top.m_axi_sg_rvalid = descriptor_read_port.rvalid;
    top.m_axi_sg_rdata = descriptor_read_port.rdata;
    top.m_axi_sg_rresp = descriptor_read_port.rresp;
    top.m_axi_sg_rlast = descriptor_read_port.rlast;
    top.m_axi_sg_awready = descriptor_write_port.awready;
    top.m_axi_sg_wready = descriptor_write_port.wready;
    top.m_axi_sg_bvalid = descriptor_write_port.bvalid;
    top.m_axi_sg_bresp = descriptor_write_port.bresp;
}

// True if anything moved.
bool soc::clock_ddr() {
    const AxiAddress ar{top.m_axi_mm2s_araddr, top.m_axi_mm2s_arlen, top.m_axi_mm2s_arsize, top.m_axi_mm2s_arburst,
                        top.m_axi_mm2s_arvalid != 0};
    const AxiAddress aw{top.m_axi_s2mm_awaddr, top.m_axi_s2mm_awlen, top.m_axi_s2mm_awsize, top.m_axi_s2mm_awburst,
                        top.m_axi_s2mm_awvalid != 0};
    const AxiWriteBeat w{top.m_axi_s2mm_wdata, top.m_axi_s2mm_wstrb, top.m_axi_s2mm_wlast != 0,
                         top.m_axi_s2mm_wvalid != 0};
    const AxiAddress sg_ar{top.m_axi_sg_araddr, top.m_axi_sg_arlen, top.m_axi_sg_arsize, top.m_axi_sg_arburst,
                           top.m_axi_sg_arvalid != 0};
    const AxiAddress sg_aw{top.m_axi_sg_awaddr, top.m_axi_sg_awlen, top.m_axi_sg_awsize, top.m_axi_sg_awburst,
                           top.m_axi_sg_awvalid != 0};
    const AxiWriteBeat sg_w{top.m_axi_sg_wdata, top.m_axi_sg_wstrb, top.m_axi_sg_wlast != 0, top.m_axi_sg_wvalid != 0};
    bool moved = read_port.clock(cycle, ar, top.m_axi_mm2s_rready);
    moved |= write_port.clock(cycle, aw, w, top.m_axi_s2mm_bready);
    moved |= descriptor_read_port.clock(cycle, sg_ar, top.m_axi_sg_rready);
    moved |= descriptor_write_port.clock(cycle, sg_aw, sg_w, top.m_axi_sg_bready);
    return moved;
}

template <typename Observer>
void soc::step(Observer observe) {
    stepping = this;
    top.aclk = 0;
    drive_ddr();
    top.eval();
    waveform.dump(top.program_beat);

    observe();
    if (top.aresetn) {
        program.clock(top.program_beat, top.program_last);
        if (top.result_beat && result.last) result = {};  // S2MM takes beats of the next packet before its transfer begins
        result.clock(top.result_beat, top.result_last);
        if (clock_ddr() || top.program_beat || top.result_beat || top.engine_moved) last_activity = cycle;
    }

    top.aclk = 1;
    top.eval();
    waveform.dump_edge();
    ++cycle;
}

void soc::forget_streams(uint32_t address, uint32_t value) {
    const uint32_t offset = address % DMA_CHANNEL;
    const bool reset = offset == DMACR && (value & DMACR_RESET);
    const bool begin = offset == TAILDESC || offset == TAILDESC_MSB || offset == LENGTH;
    if (reset || (begin && address < DMA_CHANNEL)) program = {};
    if (reset || (begin && address >= DMA_CHANNEL && result.last)) result = {};
}

int soc::read(int slave, uint32_t address, uint32_t &value) {
    AxiLiteSlave &port = slaves[slave];
    bool address_taken = false, done = false;
    int response = SOC_NO_RESPONSE;
    port.araddr = static_cast<SData>(address);
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

int soc::write(int slave, uint32_t address, uint32_t value) {
    AxiLiteSlave &port = slaves[slave];
    bool address_taken = false, data_taken = false, done = false;
    int response = SOC_NO_RESPONSE;
    if (slave == SOC_SLAVE_DMA) forget_streams(address, value);
    port.awaddr = static_cast<SData>(address);
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
    for (const std::string *note : {&read_port.violation(), &write_port.violation(), &descriptor_read_port.violation(),
                                    &descriptor_write_port.violation()}) {
        if (!note->empty()) return note->c_str();
    }
    return "";
}

std::array<StallGenerator *, SOC_STALL_STATES> soc::stalls() {
    return {&read_port.stalls(), &write_port.stalls(), &descriptor_read_port.stalls(), &descriptor_write_port.stalls()};
}

void soc::assertion_failed(const char *file, int line) {
    if (!failed_assertion.empty()) return;
    failed_assertion = std::string("assertion failed at ") + file + ":" + std::to_string(line);
}

// $stop and $fatal end up here instead of ending the process.
void vl_stop(const char *filename, int linenum, const char *) { stepping->assertion_failed(filename, linenum); }

void vl_fatal(const char *filename, int linenum, const char *, const char *) {
    stepping->assertion_failed(filename, linenum);
}

extern "C" {

soc_t *soc_create(const soc_config_t *config) {
    const uint64_t page = uint64_t{1} << DdrMemory::PAGE_BITS;
    if (config->ddr_size < page || config->ddr_size % page != 0) return nullptr;
    if (!config->ddr_data || !config->ddr_pages) return nullptr;
    if (!(config->stall_probability >= 0.0 && config->stall_probability < 1.0)) return nullptr;
    return new soc(*config);
}

void soc_destroy(soc_t *soc) { delete soc; }

int soc_read(soc_t *soc, int slave, uint32_t address, uint32_t *value) { return soc->read(slave, address, *value); }

int soc_write(soc_t *soc, int slave, uint32_t address, uint32_t value) { return soc->write(slave, address, value); }

void soc_run(soc_t *soc, uint64_t cycles) {
    for (uint64_t i = 0; i < cycles; ++i) soc->step();
}

uint64_t soc_cycles(const soc_t *soc) { return soc->cycle; }

uint64_t soc_last_activity(const soc_t *soc) { return soc->last_activity; }

uint32_t soc_interrupts(const soc_t *soc) {
    return (soc->top.mm2s_introut ? SOC_IRQ_MM2S : 0u) | (soc->top.s2mm_introut ? SOC_IRQ_S2MM : 0u) |
           (soc->top.accelerator_irq ? SOC_IRQ_ACCELERATOR : 0u) | (soc->top.irq ? SOC_IRQ_CONTROLLER : 0u);
}

void soc_streams(const soc_t *soc, uint64_t *program_beats, uint64_t *result_beats, int *program_last, int *result_last) {
    *program_beats = soc->program.beats;
    *result_beats = soc->result.beats;
    *program_last = soc->program.last;
    *result_last = soc->result.last;
}

const char *soc_violation(const soc_t *soc) { return soc->violation(); }

void soc_get_stalls(soc_t *soc, uint64_t *states) {
    for (const StallGenerator *generator : soc->stalls()) *states++ = generator->state();
}

void soc_set_stalls(soc_t *soc, const uint64_t *states) {
    for (StallGenerator *generator : soc->stalls()) generator->set_state(*states++);
}

int soc_trace(soc_t *soc, const char *file, uint64_t first, uint64_t last) {
    return soc->waveform.open(soc->top, file, first, last) ? 0 : -1;
}
}
