using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>What every transport kernel takes.</summary>
internal struct TransportArguments
{
    /// <summary>The problems.</summary>
    public TransportQueue Queue;

    /// <summary>[256] exp(−cost / ε) from the host.</summary>
    public ArrayView<double> Table;

    /// <summary>[batch, n, m] real costs in place of <see cref="TransportQueue.Cost"/>.</summary>
    public ArrayView<double> RealCost;

    /// <summary>[<see cref="CounterCount"/>] zeros before the first kernel of a call.</summary>
    public ArrayView<int> Counters;

    /// <summary>[batch] problems that the kernel for small matrices passed on, as many as counter <see cref="PassedOn"/> says. Empty: all problems.</summary>
    public ArrayView<int> List;

    /// <summary>ε.</summary>
    public double Epsilon;

    /// <summary>Stop of the official loop.</summary>
    public double Tolerance;

    /// <summary>Limit of the official loop.</summary>
    public int MaxIterations;

    /// <summary>1 if <see cref="TransportQueue.Plan"/> already holds exp(−cost / ε): real costs under the official loop.</summary>
    public int PlanHoldsKernel;

    /// <summary>1 if the costs start at a multiple of 4 bytes and the plans at one of 16.</summary>
    public int Aligned;

    /// <summary>Counter: problems that a queue of small matrices has given out.</summary>
    public const int Given = 0;

    /// <summary>Counter: problems in <see cref="List"/>.</summary>
    public const int PassedOn = 1;

    /// <summary>Counter: problems that the general kernel has given out.</summary>
    public const int GivenInGeneral = 2;

    /// <summary>Number of counters.</summary>
    public const int CounterCount = 4;

    /// <summary>Rows in use of a problem.</summary>
    public readonly int RowsOf(int problem) => Queue.RowCounts.Length == 0 ? Queue.Rows : Queue.RowCounts[problem];

    /// <summary>Columns in use of a problem.</summary>
    public readonly int ColumnsOf(int problem) => Queue.ColumnCounts.Length == 0 ? Queue.Columns : Queue.ColumnCounts[problem];
}
