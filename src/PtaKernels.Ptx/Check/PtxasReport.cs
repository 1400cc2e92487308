using System.Globalization;
using System.Text.RegularExpressions;

namespace PtaKernels.Ptx.Check;

/// <summary>What <c>ptxas -v</c> says of one PTX file with one kernel.</summary>
/// <param name="Registers">Registers per thread of the kernel; 0 when the file was not assembled.</param>
/// <param name="StackFrame">Bytes per thread, the largest of the kernel's and its functions'.</param>
/// <param name="SpillStores">Bytes of spilled registers written, summed over the functions.</param>
/// <param name="SpillLoads">Bytes of spilled registers read.</param>
/// <param name="StaticShared">Bytes of shared memory that the PTX declares.</param>
/// <param name="Error">The first error or fatal message; null when the file was assembled.</param>
internal sealed partial record PtxasReport(int Registers, int StackFrame, int SpillStores, int SpillLoads, int StaticShared, string? Error)
{
    public static PtxasReport Parse(string output)
    {
        int registers = 0, stack = 0, stores = 0, loads = 0, shared = 0;
        string? error = null;
        foreach (string line in output.Split('\n'))
        {
            if (ErrorPattern().Match(line) is { Success: true } failed)
            {
                error ??= failed.Groups[1].Value.Trim();
            }
            else if (FramePattern().Match(line) is { Success: true } frame)
            {
                stack = Math.Max(stack, Number(frame, 1));
                stores += Number(frame, 2);
                loads += Number(frame, 3);
            }
            else if (RegistersPattern().Match(line) is { Success: true } used)
            {
                registers = Math.Max(registers, Number(used, 1));
                if (SharedPattern().Match(line) is { Success: true } bytes)
                    shared = Math.Max(shared, Number(bytes, 1));
            }
        }

        if (registers == 0)
            error ??= "it said nothing of the registers used";
        return new PtxasReport(registers, stack, stores, loads, shared, error);
    }

    private static int Number(Match match, int group) => int.Parse(match.Groups[group].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    // ptxas fatal   : Unresolved extern function 'f'
    // ptxas k.ptx, line 12; error   : Feature 'x' requires .target sm_90 or higher
    [GeneratedRegex(@"^ptxas (?:.*;\s*)?(?:error|fatal)\s*:\s*(.+)$")]
    private static partial Regex ErrorPattern();

    [GeneratedRegex(@"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")]
    private static partial Regex FramePattern();

    [GeneratedRegex(@"Used (\d+) registers")]
    private static partial Regex RegistersPattern();

    [GeneratedRegex(@"(\d+)(?:\+\d+)? bytes smem")]
    private static partial Regex SharedPattern();
}
