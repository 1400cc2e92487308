// Entry points of distances, nearest tokens and paths.
#include <algorithm>

#include "c_api.h"
#include "host/tokens/edit_distance.h"
#include "host/tokens/nearest.h"
#include "host/tokens/tape.h"
#include "host/workspace.h"

using namespace pta;

void pta::require_nearest(const int32_t* source_tokens, int64_t n, const int32_t* nearest, const int32_t* distance) {
    require_array(nearest, n, "nearest");
    require_array(distance, n, "distance");
    require_apart(extent_of(nearest, n, "nearest"), extent_of(source_tokens, n, "source_tokens"));
    require_apart(extent_of(distance, n, "distance"), extent_of(source_tokens, n, "source_tokens"));
    require_apart(extent_of(nearest, n, "nearest"), extent_of(distance, n, "distance"));
}

namespace {

void require_tokens(const Tape& tape, const int32_t* tokens, int64_t count, const char* name) {
    require_array(tokens, count, name);
    require_ids(tokens, count, tape.count, name, "its tape");
}

template <class T>
pta_status fill_matrix(pta_workspace* workspace, const pta_tape* source, const int32_t* source_tokens, int64_t n, const pta_tape* target,
                       const int32_t* target_tokens, int64_t m, T* cost, int64_t row_stride) {
    require_not_null(workspace, "workspace");
    require_not_null(source, "source");
    require_not_null(target, "target");
    require_range(n, 0, INT64_MAX, "n");
    require_range(m, 0, INT64_MAX, "m");
    require_range(row_stride, m, INT64_MAX, "row_stride");
    int64_t written = n == 0 || m == 0 ? 0 : require_product(n, row_stride, sizeof(T), "cost") - row_stride + m;
    require_array(cost, written, "cost");
    require_tokens(*source, source_tokens, n, "source_tokens");
    require_tokens(*target, target_tokens, m, "target_tokens");
    if (written == 0)
        return PTA_OK;
    require_apart(extent_of(cost, written, "cost"), extent_of(source_tokens, n, "source_tokens"));
    require_apart(extent_of(cost, written, "cost"), extent_of(target_tokens, m, "target_tokens"));
    Arena::Scope scope(workspace->arena);
    return cost_matrix(*workspace, *source, source_tokens, n, *target, target_tokens, m, cost, row_stride) ? PTA_RANGE : PTA_OK;
}

template <class T> int64_t (*path_kernel(const KernelTable& kernels))(Arena&, PathProblem<T>&);
template <> int64_t (*path_kernel<uint8_t>(const KernelTable& kernels))(Arena&, PathProblem<uint8_t>&) { return kernels.path_u8; }
template <> int64_t (*path_kernel<uint16_t>(const KernelTable& kernels))(Arena&, PathProblem<uint16_t>&) { return kernels.path_u16; }

template <class T>
pta_status find_path(pta_workspace* workspace, const int32_t* source, int64_t n, const int32_t* target, int64_t m, const T* cost, int64_t rows,
                     int64_t columns, int64_t row_stride, int32_t* steps, int64_t capacity, int64_t* count, int64_t* total) {
    require_not_null(workspace, "workspace");
    // A path's steps hold positions as int32.
    require_range(n, 1, INT32_MAX, "n");
    require_range(m, 1, INT32_MAX, "m");
    require_range(rows, 1, INT32_MAX, "rows");
    require_range(columns, 1, INT32_MAX, "columns");
    require_range(row_stride, columns, INT64_MAX, "row_stride");
    int64_t read = require_product(rows, row_stride, sizeof(T), "cost") - row_stride + columns;
    require_array(cost, read, "cost");
    require_array(source, n, "source");
    require_array(target, m, "target");
    require_range(capacity, n + m - 1, INT64_MAX, "capacity");
    require_product(capacity, 2, sizeof(int32_t), "steps");
    require_array(steps, 2 * capacity, "steps");
    require_array(count, 1, "count");
    require_array(total, 1, "total");
    require_ids(source, n, rows, "source", "cost's rows");
    require_ids(target, m, columns, "target", "cost's columns");
    int64_t longest = n + m - 1;
    Extent written = extent_of(steps, 2 * longest, "steps");
    require_apart(written, extent_of(source, n, "source"));
    require_apart(written, extent_of(target, m, "target"));
    require_apart(written, extent_of(cost, read, "cost"));
    Arena::Scope scope(workspace->arena);
    PathProblem<T> problem{source, target, cost, n, m, rows, columns, row_stride, steps, 0};
    *total = path_kernel<T>(workspace->kernels)(workspace->arena, problem);
    std::copy(steps + 2 * problem.first, steps + 2 * longest, steps);
    *count = longest - problem.first;
    return PTA_OK;
}

} // namespace

pta_status pta_cost_matrix_u8(pta_workspace* workspace, const pta_tape* source, const int32_t* source_tokens, int64_t n, const pta_tape* target,
                              const int32_t* target_tokens, int64_t m, uint8_t* cost, int64_t row_stride) {
    return guarded([&] { return fill_matrix(workspace, source, source_tokens, n, target, target_tokens, m, cost, row_stride); });
}

pta_status pta_cost_matrix_u16(pta_workspace* workspace, const pta_tape* source, const int32_t* source_tokens, int64_t n, const pta_tape* target,
                               const int32_t* target_tokens, int64_t m, uint16_t* cost, int64_t row_stride) {
    return guarded([&] { return fill_matrix(workspace, source, source_tokens, n, target, target_tokens, m, cost, row_stride); });
}

pta_status pta_cost_matrices_u8(pta_workspace* workspace, const pta_tape* source, const int32_t* source_tokens, const pta_tape* target,
                                const int32_t* target_tokens, int64_t batch, int32_t rows, int32_t columns, uint8_t* cost) {
    return guarded([&]() -> pta_status {
        require_not_null(workspace, "workspace");
        require_not_null(source, "source");
        require_not_null(target, "target");
        require_range(batch, 0, INT64_MAX, "batch");
        require_range(rows, 1, INT32_MAX, "rows");
        require_range(columns, 1, INT32_MAX, "columns");
        int64_t n = require_product(batch, rows, sizeof(int32_t), "source_tokens"), m = require_product(batch, columns, sizeof(int32_t), "target_tokens");
        int64_t written = require_product(n, columns, 1, "cost");
        require_array(cost, written, "cost");
        require_tokens(*source, source_tokens, n, "source_tokens");
        require_tokens(*target, target_tokens, m, "target_tokens");
        if (written == 0)
            return PTA_OK;
        require_apart(extent_of(cost, written, "cost"), extent_of(source_tokens, n, "source_tokens"));
        require_apart(extent_of(cost, written, "cost"), extent_of(target_tokens, m, "target_tokens"));
        Arena::Scope scope(workspace->arena);
        return cost_matrices(*workspace, *source, source_tokens, *target, target_tokens, batch, rows, columns, cost) ? PTA_RANGE : PTA_OK;
    });
}

pta_status pta_find_nearest_tokens(pta_workspace* workspace, const pta_tape* source, const int32_t* source_tokens, int64_t n, const pta_tape* target,
                                   int32_t* nearest, int32_t* distance) {
    return guarded([&] {
        require_not_null(workspace, "workspace");
        require_not_null(source, "source");
        require_not_null(target, "target");
        require_range(n, 0, INT64_MAX, "n");
        require_tokens(*source, source_tokens, n, "source_tokens");
        require_nearest(source_tokens, n, nearest, distance);
        if (n == 0)
            return PTA_OK;
        Arena::Scope scope(workspace->arena);
        find_nearest(*workspace, *source, source_tokens, n, *target, nearest, distance);
        return PTA_OK;
    });
}

pta_status pta_find_alignment_path_u8(pta_workspace* workspace, const int32_t* source, int64_t n, const int32_t* target, int64_t m, const uint8_t* cost,
                                      int64_t rows, int64_t columns, int64_t row_stride, int32_t* steps, int64_t capacity, int64_t* count,
                                      int64_t* total) {
    return guarded([&] { return find_path(workspace, source, n, target, m, cost, rows, columns, row_stride, steps, capacity, count, total); });
}

pta_status pta_find_alignment_path_u16(pta_workspace* workspace, const int32_t* source, int64_t n, const int32_t* target, int64_t m,
                                       const uint16_t* cost, int64_t rows, int64_t columns, int64_t row_stride, int32_t* steps, int64_t capacity,
                                       int64_t* count, int64_t* total) {
    return guarded([&] { return find_path(workspace, source, n, target, m, cost, rows, columns, row_stride, steps, capacity, count, total); });
}
