using PtaKernels;
using PtaKernels.Backends;

// A thousand problems of 10 x 10: edit distances between 0 and 9, random marginals.
const int Problems = 1000, Rows = 10, Columns = 10;
var random = new Random(1);
byte[] cost = [.. Enumerable.Range(0, Problems * Rows * Columns).Select(_ => (byte)random.Next(10))];
double[] a = [.. Enumerable.Range(0, Problems).SelectMany(_ => Distribution(Rows))], b = [.. Enumerable.Range(0, Problems).SelectMany(_ => Distribution(Columns))];
double[] plans = new double[Problems * Rows * Columns];
var outcomes = new TransportOutcome[Problems];

IKernelBackend backend = Backends.Open("auto");
backend.SolveTransport(
    new CostMatrix<byte>(cost, Problems, Rows, Columns), new Marginals(a, b), new TransportOptions(TransportKind.Balanced, Epsilon: 0.1),
    new TransportPlan(plans, [], [], Problems, Rows, Columns), outcomes);

double mean = plans.Zip(cost, static (mass, distance) => mass * distance).Sum() / Problems;
Console.WriteLine($"{outcomes.Count(static o => o.Status == TransportStatus.Converged)} of {Problems} transports converged, mean cost {mean:F4}");

double[] Distribution(int count)
{
    double[] weights = [.. Enumerable.Range(0, count).Select(_ => random.NextDouble() + 0.01)];
    double sum = weights.Sum();
    return [.. weights.Select(weight => weight / sum)];
}
