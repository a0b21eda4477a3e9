// C interface of the simulated system on chip, loaded by host/tilewright/sim/library.py (which declares it again).
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct soc soc_t;

typedef struct {
    uint64_t ddr_base;          // physical address of the DDR
    uint64_t ddr_size;          // bytes, a multiple of 4096
    uint8_t *ddr_data;          // ddr_size bytes, owned by the caller, who keeps them until soc_destroy
    const uint8_t *ddr_pages;   // one byte for each 4096 bytes: not 0 = allocated; owned by the caller, may change
    uint32_t latency;           // cycles from a read address to its first beat, from a last write beat to its response
    double stall_probability;   // that a cycle withholds ready or valid, on each channel of the DDR; 0 <= p < 1
    uint64_t seed;              // of the stalls and of all registers that no reset sets
} soc_config_t;

enum { SOC_SLAVE_DMA = 0, SOC_SLAVE_ACCELERATOR = 1, SOC_SLAVE_INTC = 2 };
enum { SOC_OK = 0, SOC_SLVERR = 2, SOC_DECERR = 3, SOC_NO_RESPONSE = 4 };
enum { SOC_IRQ_MM2S = 1, SOC_IRQ_S2MM = 2, SOC_IRQ_ACCELERATOR = 4, SOC_IRQ_CONTROLLER = 8 };

// A system out of reset, or NULL if the configuration makes no sense.
soc_t *soc_create(const soc_config_t *config);
void soc_destroy(soc_t *soc);

// One AXI4-Lite access: steps the clock until the response (10000 cycles at most, then SOC_NO_RESPONSE).
int soc_read(soc_t *soc, int slave, uint32_t address, uint32_t *value);
int soc_write(soc_t *soc, int slave, uint32_t address, uint32_t value);

void soc_run(soc_t *soc, uint64_t cycles);
uint64_t soc_cycles(const soc_t *soc);

// Cycle of the latest handshake on a DDR channel or on a stream between DMA and accelerator, or movement inside the latter.
uint64_t soc_last_activity(const soc_t *soc);

// The inputs of the interrupt controller, and its output.
uint32_t soc_interrupts(const soc_t *soc);

// The two streams between DMA and accelerator, each since its channel's latest LENGTH or TAILDESC write or the DMA's latest soft
// reset: beats moved, and whether one of them was a packet's last.
void soc_streams(const soc_t *soc, uint64_t *program_beats, uint64_t *result_beats, int *program_last, int *result_last);

// The first AXI rule that the DMA broke or the first assertion of the RTL that failed ($stop), or an empty string.
// Valid until soc_destroy.
const char *soc_violation(const soc_t *soc);

// State of the stalls' random generators, to repeat a transfer cycle by cycle on another system: data read, data written,
// descriptors read, descriptors written.
enum { SOC_STALL_STATES = 4 };
void soc_get_stalls(soc_t *soc, uint64_t *states);
void soc_set_stalls(soc_t *soc, const uint64_t *states);

// Writes a waveform (FST) of the cycles [first, last), counted from the next program beat, which is cycle 0. Returns 0, or
// -1 where the library was built without tracing or the file cannot be written. The file is complete after soc_destroy.
int soc_trace(soc_t *soc, const char *file, uint64_t first, uint64_t last);

#ifdef __cplusplus
}
#endif
