using PtaKernels.Gpu;

namespace PtaKernels.Ptx;

/// <summary>The <c>pta-ptx</c> command line: kernels to PTX without a device, and the gate on what ptxas makes of it.</summary>
internal static class Program
{
    /// <summary>A kernel fails the gate, or a file or tool is not as it should be.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    private const string Help = """
        pta-ptx compile DIR                           compiles every kernel for every architecture into DIR, whose former content is replaced
        pta-ptx check DIR --tools DIR [--json FILE]   assembles the PTX of DIR with the ptxas and nvdisasm of --tools and prints what is wrong with it
          --expected                                  the list names what must be found: anything else fails
        """;

    private static int Main(string[] args) => Run(args, Console.Out, Console.Error);

    /// <summary>Parses and runs; everything is written to the two writers.</summary>
    internal static int Run(string[] args, TextWriter output, TextWriter errors)
    {
        try
        {
            if (args is ["check", .. var rest] && Options.Parse(rest, ["--tools", "--json"], ["--expected"]) is { Operands: [var folder] } options
                && options.Values.TryGetValue("--tools", out string? tools))
            {
                return CheckCommand.Run(folder, tools, options.Values.GetValueOrDefault("--json"), options.Flags.Contains("--expected"), output, errors);
            }

            if (args is ["compile", var destination] && !destination.StartsWith('-'))
            {
                output.WriteLine($"{PtxFiles.Write(destination)} kernels compiled into {destination}");
                return 0;
            }

            bool asked = args is ["-h" or "--help"];
            (asked ? output : errors).WriteLine(Help);
            return asked ? 0 : Usage;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            errors.WriteLine($"pta-ptx: {e.Message}");
            return Failed;
        }
        catch (AggregateException e) when (e.InnerException is IOException or InvalidDataException)
        {
            errors.WriteLine($"pta-ptx: {e.InnerException.Message}");
            return Failed;
        }
    }
}
