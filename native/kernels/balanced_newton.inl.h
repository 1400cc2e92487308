// Balanced and unbalanced transport: one iteration of damped Newton on the semi-dual, for as many problems as there are float64 lanes.
//
// With G_j = g_j / epsilon and inverse temperature beta, P_ij = a_i exp(G_j - beta C_ij) / sum_k exp(G_k - beta C_ik) meets the rows exactly. Columns
// ask for gradient_j = sum_i P_ij - b_j = 0; the Hessian is the Laplacian of the graph with weights sum_i P_ij P_ik / a_i.
// Cuturi and Peyré, Semidual regularized optimal transport, SIAM Review 2018.
//
// Unbalanced (Soft): columns ask for b_j exp(-r G_j) instead of b_j, r = epsilon / rho, which grounds the Laplacian by r b_j exp(-r G_j). The level of G,
// which rows do not see, follows from the sum of a: wanted masses are scaled to it here, and the level itself is formed at the end. So one column stays
// pinned. rho is the same at every beta, so that r halves when beta doubles.
// Chizat, Peyré, Schmitzer and Vialard, Scaling algorithms for unbalanced optimal transport, 2018.
//
// beta doubles from a value where the problem is easy to 1 / epsilon. Neither a step nor a doubling needs the exponential of an entry: rows of P are
// known up to a factor, which the row sum restores, so that P * exp(step_j), or P^2 * exp(step_j), is all that there is to form.

// Scratch of one set of lanes. Everything is indexed [..][lane]; columns are permuted per lane so that the heaviest is last: it is the pinned one.
struct BalancedLanes {
    int32_t n, m;
    f64xN* plan;        // [n, m] P_ij; 0 in columns without mass, and after one evaluation in rows without mass
    f64xN* cost;        // [n, m]
    f64xN* a;           // [n]
    f64xN* inverse_a;   // [n] 1 / a_i, or 0
    f64xN* b;           // [m]
    f64xN* soft_ground; // [m] Soft: of the column, see balanced_ground
    f64xN* potential;   // [m] G_j at the end of `step`
    f64xN* step;        // [m] log of the column factors that lead there
    f64xN* gradient;    // [m]
    f64xN* tangent;     // [m] right side of the tangent system, then dG/dbeta
    f64xN* direction;   // [m] the last Newton direction that was accepted
    f64xN* solution;    // [m]
    f64xN* ground;      // [m]
    f64xN* inverse;     // [m] of the pivots
    f64xN* weights;     // [m, m], upper triangle, after elimination of the rows above
    f64xN* shares;      // [m, m], each row of weights over its pivot

    f64xN penalty;  // Soft: r at this beta
    f64xN total;    // Soft: sum of a
    f64xN beta, doublings; // doublings still to come
    f64xN length, reach, slope, radius; // of the last direction: share taken, largest entry, gradient . direction, and the cap on length * reach
    f64xN error, previous_error;
    f64xN iterations;
    f64xN lost; // upper bound on the logarithm of the share in its row of any entry that was rounded to 0
    i64xN squares; // the next evaluation squares first
    i64xN fresh;   // beta moved or the problem is new: there is no earlier error or slope to compare with
};

// Constant inner loops must be unrolled before their arrays can live in registers.
#define PTA_UNROLL _Pragma("GCC unroll 10")

// Direction lengths are in units of log G. A step longer than the radius is cut; beta moves on once the whole Newton step is shorter than kOnTrack.
// Soft columns have secants to go by (balanced_ground), so that longer steps hold.
static constexpr double kFirstRadius = 2, kOnTrack = 1.5, kSoftRadius = 6, kOvershoot = 0.5, kUndershoot = 0.25;

// Weak links would otherwise ask for steps of any size: they carry less mass than the residual, or than its rounding.
static constexpr double kRelativeRidge = 1e-6, kSmallestRidge = 1e-17;

static constexpr double kTargetError = 1e-12, kCertifiedError = 9e-10;

// Entries of the plan may round to 0, which is harmless while their true share of the row stays below exp(kHarmlessLog). With masses of at least
// kSmallestMass a row's largest entry squared is above exp(-193), so that a share which is lost to a step of exp(e) is below exp(kSmallestLog - e).
static constexpr double kSmallestMass = 1e-40, kSmallestLog = 193 - 708, kHarmlessLog = -60, kLargestLog = 700, kSmallestSum = 1e-300,
                        kLargestPotential = 1e300;

// What grounds a soft column whose plan gives it `sum`. Its Hessian says penalty * wanted; but wanted mass is an exponential of the potential, so that
// steps by the Hessian undo a discrepancy of e^k in k steps at best. The secant of that exponential from here to where it equals the sum is the logarithmic
// mean of the two, which is the Hessian's where they have met: 24 iterations of natural problems became 15.
static inline f64xN balanced_ground(f64xN sum, f64xN wanted, f64xN penalty) {
    sum = larger(sum, splat<f64xN>(kSmallestSum));
    wanted = larger(wanted, splat<f64xN>(kSmallestSum));
    // Within 0.06 by the exponents' bits.
    const i64xN apart = as_i64(wanted) - as_i64(sum);
    const f64xN logs = as_f64((apart >> 12) + 0x4338000000000000) - kRoundToInteger;
    const f64xN log_ratio = logs * (0.6931471805599453 * 0x1p-40);
    const f64xN mean = magnitude(log_ratio) < 1.0 ? 0.5 * (sum + wanted) : (wanted - sum) / log_ratio;
    return penalty * mean;
}

// What soft columns ask for but for one scale, which makes their sum that of the rows.
template <int M> static inline __attribute__((always_inline)) void balanced_wanted(const BalancedLanes& lanes, f64xN* wanted, f64xN& scale) {
    const int m = M > 0 ? M : lanes.m;
    f64xN lowest = splat<f64xN>(kLargestPotential), sum = f64xN{};
    for (int j = 0; j < m; j++)
        lowest = smaller(lowest, lanes.b[j] > 0.0 ? lanes.potential[j] : lowest);
    for (int j = 0; j < m; j++) {
        wanted[j] = lanes.b[j] * exp_lanes(lanes.penalty * (lowest - lanes.potential[j]));
        sum += wanted[j];
    }
    scale = lanes.total / sum;
}

// Applies `step` to the plan and forms gradient, error and the tangent's right side sum_i P_ij (C_ij - mean_i C).
template <int N, int M, bool Soft> static inline __attribute__((always_inline)) void balanced_evaluate(BalancedLanes& lanes) {
    const int n = N > 0 ? N : lanes.n, m = M > 0 ? M : lanes.m;
    constexpr int most = M > 0 ? M : 64;
    f64xN factor[most], column[most], tangent[most], row[most];
    f64xN lowest = lanes.step[0], highest = lanes.step[0];
    for (int j = 0; j < m; j++) {
        lowest = smaller(lowest, lanes.step[j]);
        highest = larger(highest, lanes.step[j]);
        factor[j] = exp_lanes(lanes.step[j]);
        column[j] = Soft ? f64xN{} : -lanes.b[j];
        tangent[j] = f64xN{};
    }
    const f64xN moved = (lanes.squares ? 2 * lanes.lost : lanes.lost) + (highest - lowest);
    lanes.lost = larger(larger(moved, kSmallestLog - lowest), highest + (kHarmlessLog - kLargestLog));

    for (int i = 0; i < n; i++) {
        f64xN* plan = lanes.plan + i * m;
        const f64xN* cost = lanes.cost + i * m;
        f64xN sum = f64xN{}, mean = f64xN{};
        PTA_UNROLL
        for (int j = 0; j < m; j++) {
            const f64xN p = plan[j], stepped = p * factor[j];
            row[j] = lanes.squares ? p * stepped : stepped;
            sum += row[j];
            mean = fma_lanes(row[j], cost[j], mean);
        }
        // A row without mass becomes 0 and stays it.
        const f64xN inverse = 1.0 / larger(sum, splat<f64xN>(kSmallestSum)), scale = lanes.a[i] * inverse;
        mean *= inverse;
        PTA_UNROLL
        for (int j = 0; j < m; j++) {
            const f64xN entry = row[j] * scale;
            plan[j] = entry;
            column[j] += entry;
            tangent[j] = fma_lanes(entry, cost[j] - mean, tangent[j]);
        }
    }

    if constexpr (Soft) {
        f64xN wanted[most], scale;
        balanced_wanted<M>(lanes, wanted, scale);
        for (int j = 0; j < m; j++) {
            wanted[j] *= scale;
            lanes.soft_ground[j] = balanced_ground(column[j], wanted[j], lanes.penalty);
            column[j] -= wanted[j];
        }
    }
    f64xN error = f64xN{};
    for (int j = 0; j < m; j++) {
        error += magnitude(column[j]);
        lanes.gradient[j] = column[j];
        lanes.tangent[j] = tangent[j];
    }
    lanes.error = error;
    lanes.iterations += 1.0;
}

// Row j of the eliminated system: forms the weights w_jk = sum_i P_ij P_ik / a_i to later columns, adds what the elimination of each earlier node passes
// on, and divides by the pivot. Right sides and ground are carried along as further columns.
template <int N, int M, bool Soft> static inline __attribute__((always_inline)) void balanced_eliminate(BalancedLanes& lanes, int j, f64xN ridge) {
    const int n = N > 0 ? N : lanes.n, m = M > 0 ? M : lanes.m;
    constexpr int most = M > 0 ? M : 64;
    f64xN weight[most];
    for (int l = j + 1; l < m; l++)
        weight[l] = f64xN{};
    for (int i = 0; i < n; i++) {
        const f64xN* plan = lanes.plan + i * m;
        const f64xN scaled = lanes.inverse_a[i] * plan[j];
        PTA_UNROLL
        for (int l = j + 1; l < m; l++)
            weight[l] = fma_lanes(scaled, plan[l], weight[l]);
    }
    f64xN x = -lanes.gradient[j], y = lanes.tangent[j], ground = ridge;
    if constexpr (Soft) {
        y = fma_lanes(lanes.soft_ground[j], lanes.potential[j] / lanes.beta, y);
        ground += lanes.soft_ground[j];
    }
    for (int k = 0; k < j; k++) {
        const f64xN share = lanes.shares[k * m + j];
        const f64xN* from = lanes.weights + k * m;
        PTA_UNROLL
        for (int l = j + 1; l < m; l++)
            weight[l] = fma_lanes(share, from[l], weight[l]);
        x = fma_lanes(share, lanes.solution[k], x);
        y = fma_lanes(share, lanes.tangent[k], y);
        ground = fma_lanes(share, lanes.ground[k], ground);
    }
    f64xN pivot = ground;
    for (int l = j + 1; l < m; l++)
        pivot += weight[l];
    const f64xN inverse = 1.0 / (Soft ? larger(pivot, splat<f64xN>(kSmallestSum)) : pivot); // balanced: at least the ridge
    for (int l = j + 1; l < m; l++) {
        lanes.weights[j * m + l] = weight[l];
        lanes.shares[j * m + l] = weight[l] * inverse;
    }
    lanes.solution[j] = x;
    lanes.tangent[j] = y;
    lanes.ground[j] = ground;
    lanes.inverse[j] = inverse;
}

template <int N, int M, bool Soft, int J> static inline __attribute__((always_inline)) void balanced_eliminate_from(BalancedLanes& lanes, f64xN ridge) {
    if constexpr (J + 1 < M) {
        balanced_eliminate<N, M, Soft>(lanes, J, ridge);
        balanced_eliminate_from<N, M, Soft, J + 1>(lanes, ridge);
    }
}

// Solves (L + ridge) x = -gradient into solution and (L + ridge) y = tangent into tangent, L the Laplacian of the weights; the last entry of both is 0.
// Soft: L is grounded, and both are moved by a constant to end so.
// Eliminating a node adds products of weights to those of its neighbours and subtracts nothing, so each pivot keeps its relative accuracy however
// many decades the weights span. Grassmann, Taksar and Heyman 1985.
template <int N, int M, bool Soft> static inline __attribute__((always_inline)) void balanced_solve(BalancedLanes& lanes) {
    const int m = M > 0 ? M : lanes.m;
    const f64xN ridge = larger(splat<f64xN>(kSmallestRidge), kRelativeRidge * lanes.error);
    if constexpr (M > 0) {
        balanced_eliminate_from<N, M, Soft, 0>(lanes, ridge);
    } else {
        for (int j = 0; j < m - 1; j++)
            balanced_eliminate<N, M, Soft>(lanes, j, ridge);
    }
    f64xN* x = lanes.solution;
    f64xN* y = lanes.tangent;
    if constexpr (Soft) {
        balanced_eliminate<N, M, Soft>(lanes, m - 1, f64xN{});
        x[m - 1] *= lanes.inverse[m - 1];
        y[m - 1] *= lanes.inverse[m - 1];
    } else {
        x[m - 1] = y[m - 1] = f64xN{};
    }
    for (int k = m - 2; k >= 0; k--) {
        const f64xN* share = lanes.shares + k * m;
        f64xN xk = x[k] * lanes.inverse[k], yk = y[k] * lanes.inverse[k];
        PTA_UNROLL
        for (int j = Soft ? m - 1 : m - 2; j > k; j--) {
            xk = fma_lanes(share[j], x[j], xk);
            yk = fma_lanes(share[j], y[j], yk);
        }
        x[k] = xk;
        y[k] = yk;
    }
    for (int k = 0; k < m && Soft; k++) {
        x[k] -= x[m - 1];
        y[k] -= y[m - 1];
    }
}

// Problems whose evaluation meets the target, or no longer improves below what a certificate asks.
template <int M> static inline __attribute__((always_inline)) i64xN balanced_finished(const BalancedLanes& lanes) {
    const i64xN stalled = (lanes.error <= kCertifiedError) & (lanes.error >= lanes.previous_error) & ~lanes.fresh;
    return (lanes.doublings == 0.0) & ((lanes.error <= kTargetError) | stalled);
}

// Chooses the next step: back along a direction that overshot, ahead along a new one, or ahead to twice beta.
template <int N, int M, bool Soft> static inline __attribute__((always_inline)) void balanced_advance(BalancedLanes& lanes) {
    const int m = M > 0 ? M : lanes.m;
    f64xN* direction = lanes.direction;
    f64xN trial_slope = f64xN{};
    for (int j = 0; j < m; j++)
        trial_slope = fma_lanes(lanes.gradient[j], direction[j], trial_slope);
    // The slope of a convex function crosses zero before an overshoot: the secant points near the crossing.
    const i64xN overshot = ~lanes.fresh & ~(trial_slope <= -kOvershoot * lanes.slope);
    f64xN shrink = lanes.slope / (lanes.slope - trial_slope);
    shrink = smaller(larger(shrink, splat<f64xN>(0.1)), splat<f64xN>(0.5));
    const f64xN shorter = lanes.length * shrink;
    const i64xN steep = ~lanes.fresh & (lanes.length < 1.0) & (trial_slope < kUndershoot * lanes.slope);
    lanes.radius = overshot ? smaller(lanes.radius, shorter * lanes.reach) : steep ? 2 * lanes.radius : lanes.radius;

    balanced_solve<N, M, Soft>(lanes);

    f64xN slope = f64xN{}, reach = f64xN{};
    for (int j = 0; j < m; j++) {
        slope = fma_lanes(lanes.gradient[j], lanes.solution[j], slope);
        reach = larger(reach, magnitude(lanes.solution[j]));
    }
    const f64xN one = splat<f64xN>(1.0);
    const f64xN length = reach > lanes.radius ? lanes.radius / reach : one;
    const i64xN moves_on = ~overshot & (lanes.doublings > 0.0) & (reach < (Soft ? kSoftRadius : kOnTrack));
    const f64xN taken = overshot ? shorter - lanes.length : length;
    const f64xN ahead = moves_on ? lanes.beta : f64xN{};
    for (int j = 0; j < m; j++) {
        direction[j] = overshot ? direction[j] : lanes.solution[j];
        const f64xN old = lanes.potential[j];
        const f64xN move = fma_lanes(ahead, lanes.tangent[j], taken * direction[j]);
        lanes.potential[j] = old + move;
        lanes.step[j] = moves_on ? move - old : move; // squaring doubles the old potential
    }
    lanes.slope = overshot ? lanes.slope : slope;
    lanes.reach = overshot ? lanes.reach : reach;
    lanes.length = overshot ? shorter : length;
    lanes.previous_error = overshot ? lanes.previous_error : lanes.error;
    lanes.beta += ahead;
    lanes.doublings -= moves_on ? one : f64xN{};
    lanes.radius = moves_on ? splat<f64xN>(Soft ? kSoftRadius : kFirstRadius) : lanes.radius;
    lanes.squares = moves_on;
    lanes.fresh = moves_on;
    if constexpr (Soft)
        lanes.penalty *= moves_on ? splat<f64xN>(0.5) : one;
}

#undef PTA_UNROLL
