using PtaKernels.Native;

namespace PtaKernels.Tests.Native;

/// <summary>Bad arguments of the transports over the C ABI.</summary>
public sealed unsafe class BadTransportTests
{
    private static readonly NativeTransportOptions Balanced = AbiArguments.TransportOptions(TransportKind.Balanced), Official = AbiArguments.TransportOptions(TransportKind.Official),
        Unbalanced = AbiArguments.TransportOptions(TransportKind.Unbalanced), SemiRelaxed = AbiArguments.TransportOptions(TransportKind.SemiRelaxed);

    [Test]
    public void Options()
    {
        using var x = new AbiArguments();
        using (Assert.EnterMultipleScope())
        {
            Refused(Balanced with { StructSize = 0 }, NativeStatus.Struct, "options.struct_size is 0");
            Refused(Balanced with { StructSize = 44 }, NativeStatus.Struct, "options.struct_size is 44");
            Refused(Balanced with { Kind = 0 }, NativeStatus.Argument, "options.kind is 0; it must be 1..5");
            Refused(Balanced with { Kind = 6 }, NativeStatus.Argument, "options.kind is 6");
            Refused(Balanced with { Solver = 2 }, NativeStatus.Argument, "options.solver is 2; it must be 0..1");
            Refused(Balanced with { Solver = -1 }, NativeStatus.Argument, "options.solver is -1");
            Refused(Unbalanced with { Solver = 1 }, NativeStatus.Argument, "options.solver is 1; it must be 0..0");
            foreach (double bad in (double[])[0, -1, double.NaN, double.PositiveInfinity])
            {
                Refused(Balanced with { Epsilon = bad }, NativeStatus.Argument, "options.epsilon is ");
                Refused(Official with { Epsilon = bad }, NativeStatus.Argument, "options.epsilon is ");
                Refused(SemiRelaxed with { Epsilon = bad }, NativeStatus.Argument, "options.epsilon is ");
                Refused(Official with { Tolerance = bad }, NativeStatus.Argument, "options.tolerance is ");
                Refused(Unbalanced with { Rho = bad }, NativeStatus.Argument, "options.rho is ");
            }

            Refused(Official with { MaxIterations = -1 }, NativeStatus.Argument, "options.max_iterations is -1");
            AbiArguments.AssertRefused(
                NativeMethods.SolveTransport(x.Workspace, null, 1, 2, 3, x.Bytes, x.A, x.B, x.Plan, x.F, x.G, x.Outcomes), NativeStatus.Argument, "options is null");
        }

        void Refused(NativeTransportOptions options, NativeStatus status, string sentence) => AbiArguments.AssertRefused(
            NativeMethods.SolveTransport(x.Workspace, &options, 1, 2, 3, x.Bytes, x.A, x.B, x.Plan, x.F, x.G, x.Outcomes), status, sentence);
    }

    [Test]
    public void ArraysAndShapes([Values] bool real)
    {
        using var x = new AbiArguments();
        void* cost = real ? x.Numbers : x.Bytes;
        using (Assert.EnterMultipleScope())
        {
            Refused(-1, 2, 3, cost, x.A, x.B, x.Plan, x.Outcomes, "batch is -1");
            Refused(1, 0, 3, cost, x.A, x.B, x.Plan, x.Outcomes, "n is 0; it must be 1..64");
            Refused(1, 65, 3, cost, x.A, x.B, x.Plan, x.Outcomes, "n is 65");
            Refused(1, 2, -3, cost, x.A, x.B, x.Plan, x.Outcomes, "m is -3");
            Refused(1, 2, 65, cost, x.A, x.B, x.Plan, x.Outcomes, "m is 65");
            Refused(long.MaxValue, 2, 3, cost, x.A, x.B, x.Plan, x.Outcomes, "a: 9223372036854775807 x 2 elements do not fit");
            Refused(1L << 55, 64, 64, cost, x.A, x.B, x.Plan, x.Outcomes, "a: 36028797018963968 x 64");
            Refused(1, 2, 3, null, x.A, x.B, x.Plan, x.Outcomes, "cost is null");
            Refused(1, 2, 3, cost, null, x.B, x.Plan, x.Outcomes, "a is null");
            Refused(1, 2, 3, cost, x.A, null, x.Plan, x.Outcomes, "b is null");
            Refused(1, 2, 3, cost, x.A, x.B, null, x.Outcomes, "plan is null");
            Refused(1, 2, 3, cost, x.A, x.B, x.Plan, null, "outcomes is null");
            Refused(1, 2, 3, cost, AbiArguments.Off(x.A), x.B, x.Plan, x.Outcomes, "a is misaligned");
            Refused(1, 2, 3, cost, x.A, AbiArguments.Off(x.B), x.Plan, x.Outcomes, "b is misaligned");
            Refused(1, 2, 3, cost, x.A, x.B, AbiArguments.Off(x.Plan), x.Outcomes, "plan is misaligned");
            Refused(1, 2, 3, cost, x.A, x.B, x.Plan, (NativeOutcome*)AbiArguments.Off((byte*)x.Outcomes), "outcomes is misaligned");
            Refused(1, 2, 3, cost, x.A, x.B, x.A, x.Outcomes, "plan and a overlap");
            Refused(1, 2, 3, cost, x.A, x.B, (double*)cost, x.Outcomes, "plan and cost overlap");
            Refused(1, 2, 3, cost, x.A, x.B, x.Plan, (NativeOutcome*)x.Plan, "outcomes and plan overlap");
            Refused(1, 2, 3, cost, x.A, x.B, x.F, x.Outcomes, "f and plan overlap");
            if (real)
                Refused(1, 2, 3, AbiArguments.Off((double*)cost), x.A, x.B, x.Plan, x.Outcomes, "cost is misaligned");
        }

        Assert.That(Solve(0, 2, 3, null, null, null, null, null), Is.EqualTo(NativeStatus.Ok));

        void Refused(long batch, int n, int m, void* c, double* a, double* b, double* plan, NativeOutcome* outcomes, string sentence) =>
            AbiArguments.AssertRefused(Solve(batch, n, m, c, a, b, plan, outcomes), NativeStatus.Argument, sentence);

        NativeStatus Solve(long batch, int n, int m, void* c, double* a, double* b, double* plan, NativeOutcome* outcomes)
        {
            NativeTransportOptions options = Balanced;
            return real
                ? NativeMethods.SolveTransport(x.Workspace, &options, batch, n, m, (double*)c, a, b, plan, x.F, x.G, outcomes)
                : NativeMethods.SolveTransport(x.Workspace, &options, batch, n, m, (byte*)c, a, b, plan, x.F, x.G, outcomes);
        }
    }

    [Test]
    public void WhatAKindDoesNotReadIsNotChecked()
    {
        using var x = new AbiArguments();
        NativeTransportOptions semiRelaxed = SemiRelaxed with { Tolerance = double.NaN, Rho = -1, MaxIterations = -1 };
        NativeTransportOptions exact = AbiArguments.TransportOptions(TransportKind.Exact) with { Epsilon = double.NaN, Tolerance = 0, Rho = 0 };
        x.Outcomes[0].Status = 99;
        Assert.That(NativeMethods.SolveTransport(x.Workspace, &semiRelaxed, 1, 2, 3, x.Bytes, x.A, null, x.Plan, null, null, x.Outcomes), Is.EqualTo(NativeStatus.Ok));
        Assert.That((x.Outcomes[0].Status, x.Plan[0]), Is.EqualTo((0, 1.0 / 3)).Within(1e-15));
        Assert.That(NativeMethods.SolveTransport(x.Workspace, &exact, 1, 2, 2, x.Bytes, x.A, x.B, x.Plan, x.F, null, x.Outcomes), Is.EqualTo(NativeStatus.Ok));
        Assert.That(x.Outcomes[0].Status, Is.Zero);
    }

    [Test]
    public void TransportsWithoutPotentialsFillThemWithNaN([Values(TransportKind.Official, TransportKind.SemiRelaxed)] TransportKind kind)
    {
        using var x = new AbiArguments();
        NativeTransportOptions options = AbiArguments.TransportOptions(kind);
        Assert.That(NativeMethods.SolveTransport(x.Workspace, &options, 2, 2, 3, x.Bytes, x.A, x.B, x.Plan, x.F, x.G, x.Outcomes), Is.EqualTo(NativeStatus.Ok));
        Assert.That(new ReadOnlySpan<double>(x.F, 4).ToArray(), Is.All.NaN);
        Assert.That(new ReadOnlySpan<double>(x.G, 6).ToArray(), Is.All.NaN);
        Assert.That((x.F[4], x.G[6]), Is.EqualTo((0.0, 0.0)));
    }
}
