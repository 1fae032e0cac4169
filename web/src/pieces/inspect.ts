import '../screens/inspect';
