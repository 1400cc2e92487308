/* A batch of transports: how does mass move from three source candidates to three target candidates, at costs in edits?
     cc transport.c $(pkg-config --cflags --libs ptakernels) -o transport && ./transport */
#include <ptakernels.h>
#include <stdio.h>

int main(void) {
    enum { BATCH = 2, N = 3, M = 3 };
    const double cost[BATCH][N][M] = {{{0, 1, 4}, {1, 0, 3}, {4, 3, 0}}, {{2, 2, 0}, {0, 5, 5}, {5, 0, 5}}};
    const double a[BATCH][N] = {{0.7, 0.2, 0.1}, {0.5, 0.25, 0.25}}; /* what each source candidate has */
    const double b[BATCH][M] = {{0.2, 0.3, 0.5}, {0.25, 0.25, 0.5}}; /* what each target candidate gets */
    double plan[BATCH][N][M];
    pta_transport_outcome outcomes[BATCH];
    pta_transport_options options = {0};
    options.struct_size = sizeof options;
    options.kind = PTA_TRANSPORT_BALANCED;
    options.epsilon = 1.0 / 30;
    options.tolerance = 1e-5;
    options.rho = 0.05;

    pta_workspace* workspace = NULL;
    if (pta_workspace_create(NULL, &workspace) < 0 ||
        pta_solve_transport_f64(workspace, &options, BATCH, N, M, &cost[0][0][0], &a[0][0], &b[0][0], &plan[0][0][0], NULL, NULL, outcomes) < 0) {
        fprintf(stderr, "%s\n", pta_last_error());
        return 1;
    }
    for (int p = 0; p < BATCH; p++) {
        printf("problem %d: status %d, marginal error under 1e-9: %s\n", p, outcomes[p].status, outcomes[p].marginal_error < 1e-9 ? "yes" : "no");
        for (int i = 0; i < N; i++)
            printf("  %.4f %.4f %.4f\n", plan[p][i][0], plan[p][i][1], plan[p][i][2]);
    }
    pta_workspace_destroy(workspace);
    return 0;
}
