using CommunityToolkit.HighPerformance;
namespace PtaKernels.Transport;
internal static class BalancedTransport { public static TransportOutcome Solve(ReadOnlySpan2D<double> cost, ReadOnlySpan<double> a, ReadOnlySpan<double> b, double epsilon, Span2D<double> plan, Span<double> f, Span<double> g)=>default; }
internal static class UnbalancedTransport { public static TransportOutcome Solve(ReadOnlySpan2D<double> cost, ReadOnlySpan<double> a, ReadOnlySpan<double> b, double epsilon, double rho, Span2D<double> plan, Span<double> f, Span<double> g)=>default; }
internal static class ExactTransport { public static TransportOutcome Solve(ReadOnlySpan2D<double> cost, ReadOnlySpan<double> a, ReadOnlySpan<double> b, Span2D<double> plan, Span<double> f, Span<double> g)=>default; }
internal static class SemiRelaxedTransport { public static TransportOutcome Solve(ReadOnlySpan2D<double> cost, ReadOnlySpan<double> a, double epsilon, Span2D<double> plan)=>default; }
