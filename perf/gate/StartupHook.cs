using System.Reflection;

/// <summary>Runs inside a program that is started with <c>DOTNET_STARTUP_HOOKS</c> (the runtime asks for this name, outside any namespace) and writes down what it loaded.</summary>
internal static class StartupHook
{
    /// <summary>Names the file that gets a line for each loaded assembly: its bytes.</summary>
    public const string Variable = "PTAKERNELS_LOADED_ASSEMBLIES";

    /// <summary>Called by the runtime before the program's own code.</summary>
    public static void Initialize() => AppDomain.CurrentDomain.ProcessExit += static (_, _) =>
    {
        Assembly[] loaded = AppDomain.CurrentDomain.GetAssemblies();
        if (Environment.GetEnvironmentVariable(Variable) is not { } file)
            return;
        using var lines = new StreamWriter(file);
        foreach (Assembly assembly in loaded)
        {
            if (assembly != typeof(StartupHook).Assembly && !assembly.IsDynamic && assembly.Location.Length > 0)
                lines.WriteLine(new FileInfo(assembly.Location).Length);
        }
    };
}
