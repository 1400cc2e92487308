#pragma warning disable
using CommunityToolkit.HighPerformance;
namespace PtaKernels.Transport;
public static class BalancedTransport { public static TransportOutcome Solve(ReadOnlySpan2D<double> cost, ReadOnlySpan<double> a, ReadOnlySpan<double> b, double epsilon, Span2D<double> plan, Span<double> f, Span<double> g)=>default; }
public static class UnbalancedTransport { public static TransportOutcome Solve(ReadOnlySpan2D<double> cost, ReadOnlySpan<double> a, ReadOnlySpan<double> b, double epsilon, double rho, Span2D<double> plan, Span<double> f, Span<double> g)=>default; }
public static class ExactTransport { public static TransportOutcome Solve(ReadOnlySpan2D<double> cost, ReadOnlySpan<double> a, ReadOnlySpan<double> b, Span2D<double> plan, Span<double> f, Span<double> g)=>default; }
public static class SemiRelaxedTransport { public static TransportOutcome Solve(ReadOnlySpan2D<double> cost, ReadOnlySpan<double> a, double epsilon, Span2D<double> plan)=>default; }
public static class TransportCertificate { public const double MarginalTolerance=9e-10, PlanTolerance=1e-12; public static double MarginalError(ReadOnlySpan2D<double> cost, ReadOnlySpan<double> a, ReadOnlySpan<double> b, ReadOnlySpan<double> f, ReadOnlySpan<double> g, double epsilon)=>9; public static double PlanDeviation(
        ReadOnlySpan2D<double> plan, ReadOnlySpan2D<double> cost, ReadOnlySpan<double> a, ReadOnlySpan<double> b,
        ReadOnlySpan<double> f, ReadOnlySpan<double> g, double epsilon)=>9;}
